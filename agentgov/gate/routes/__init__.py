"""What is answered under each path: one file for each area, all of them in `table`."""
