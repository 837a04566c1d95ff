"""The bank: a fake payment gateway. A house of its own, which payment reaches over a socket only."""
