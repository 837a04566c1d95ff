"""All bugs that are planted."""

from tests.mutants import (
    bank,
    booking,
    booking_money,
    booking_saga,
    chassis,
    claims,
    inventory,
    inventory_availability,
    inventory_batches,
    payment,
    payment_refunds,
    prices,
    sales,
    texts,
    topics,
    watching,
)

MUTANTS = (
    *inventory.MUTANTS,
    *inventory_batches.MUTANTS,
    *inventory_availability.MUTANTS,
    *booking.MUTANTS,
    *booking_money.MUTANTS,
    *booking_saga.MUTANTS,
    *payment.MUTANTS,
    *payment_refunds.MUTANTS,
    *bank.MUTANTS,
    *chassis.MUTANTS,
    *claims.MUTANTS,
    *prices.MUTANTS,
    *sales.MUTANTS,
    *texts.MUTANTS,
    *topics.MUTANTS,
    *watching.MUTANTS,
)
