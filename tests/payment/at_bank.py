"""Payment's gateways where there is the bank alone, as by default."""

import grpc

from services.payment.gateways.bank import BANK, BankClient
from services.payment.gateways.interface import Gateways


def at_bank(to_bank: grpc.aio.Channel) -> Gateways:
    return Gateways({BANK: BankClient(to_bank, "http://127.0.0.1:8001/")}, current=BANK)
