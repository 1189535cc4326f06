"""What a change does to an agent, in the words of agent.yaml: typed values are compared, never lines.

Pure: values in, values out. `compare` and `summary` are what others call, `change` and `fields` say what a change is
and which names and classes there are, `version` reads an agent with its files from a snapshot, `words` compares texts.
One module for each part of an agent does the work (`identity`, `prompts`, `model`, `tools`, `actions`, `limits`,
`assurance`, `environments`, `free`, `files`), and `governance` compares the documents that say what is allowed.
"""
