"""A storm: customers at the gateway, a fault about every second, and in the end every promise held against the books.

`python -m storm` raises one, over a stack of its own. `shows` what there is to buy · `client` a customer's
requests, repeated until they are answered · `stories` what customers do · `history` what they were told · `faults` and
`clocks` what is done to the stack · `recovery` how soon it serves again · `comparison` the histories against the
databases · `report` what came of it · `storm` the order of it all.
"""
