"""Payment's gateways with the bank alone, as by default, or with others."""

from collections.abc import Mapping

import grpc

from services.payment.gateways.bank import BANK, BankClient
from services.payment.gateways.interface import Gateway, Gateways


def at_bank(to_bank: grpc.aio.Channel, others: Mapping[str, Gateway] | None = None, current: str = BANK) -> Gateways:
    return Gateways({BANK: BankClient(to_bank, "http://127.0.0.1:8001/"), **(others or {})}, current=current)
