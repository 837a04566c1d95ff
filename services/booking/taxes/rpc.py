"""TaxService: parse, call, render."""

from uuid import UUID

from boxoffice.booking.v1 import taxes_pb2 as pb
from boxoffice.booking.v1 import taxes_pb2_grpc

from services.booking.clients import InventoryClient
from services.booking.taxes import messages, operation
from services.chassis.store.database import Database
from services.chassis.wire.incoming import Context
from services.chassis.wire.pages import BY_ID, PageRequest


class TaxServicer(taxes_pb2_grpc.TaxServiceServicer):
    """Who sells tickets, and how they are taxed. The contract says what each method does and when it fails."""

    def __init__(self, db: Database, inventory: InventoryClient) -> None:
        self._db = db
        self._inventory = inventory

    async def SetSeller(self, request: pb.SetSellerRequest, context: Context) -> pb.Seller:
        return messages.render_seller(await operation.set_seller(self._db, messages.parse_seller(request)))

    async def ListSellers(self, request: pb.ListSellersRequest, context: Context) -> pb.ListSellersResponse:
        page = PageRequest(request, BY_ID)
        of = UUID(request.organization_id) if request.organization_id else None
        found = await operation.list_sellers(self._db, organization_id=of, after=page.after, limit=page.limit)
        sellers, token = page.render(found, lambda seller: seller.id, messages.render_seller)
        return pb.ListSellersResponse(sellers=sellers, next_page_token=token)

    async def SetTaxRule(self, request: pb.SetTaxRuleRequest, context: Context) -> pb.TaxRule:
        return messages.render_tax_rule(await operation.set_tax_rule(self._db, messages.parse_tax_rule(request)))

    async def ListTaxRules(self, request: pb.ListTaxRulesRequest, context: Context) -> pb.ListTaxRulesResponse:
        page = PageRequest(request, BY_ID)
        found = await operation.list_tax_rules(self._db, after=page.after, limit=page.limit)
        rules, token = page.render(found, lambda rule: rule.id, messages.render_tax_rule)
        return pb.ListTaxRulesResponse(tax_rules=rules, next_page_token=token)

    async def SetShowTax(self, request: pb.SetShowTaxRequest, context: Context) -> pb.ShowTax:
        show = messages.parse_show_tax(request)
        await self._inventory.owner_of_show(show.show_id)
        messages.check_place_of_supply(show, await operation.find_seller(self._db, show.seller_id))
        return messages.render_show_tax(await operation.set_show_tax(self._db, show))

    async def GetShowTax(self, request: pb.GetShowTaxRequest, context: Context) -> pb.ShowTax:
        return messages.render_show_tax(await operation.find_show_tax(self._db, UUID(request.show_id)))
