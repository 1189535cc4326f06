"""Whose word it is: keys, signatures over raw bytes, identities, permissions, and the pins that trust starts from.

Nothing here reads a repository. `keys` and `sshsig` parse what strangers wrote under strict grammars, `identity` and
`permissions` decide from Access alone, `signers` and `pins` are the thin shells that touch files.
"""
