"""What auditors take away: records and acts in formats of other programs, and packs of evidence for frameworks."""
