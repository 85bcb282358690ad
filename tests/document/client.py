"""Lists draft orders and confirms one, by a client that a public generator made from the OpenAPI document."""

import sys

from hawker_client import AuthenticatedClient
from hawker_client.api.orders import confirm_order, list_orders
from hawker_client.models import OrderSeen

SELLER = 1

client = AuthenticatedClient(base_url=sys.argv[1], token="hawker-demo-operator-key", raise_on_unexpected_status=True)
drafts = [order for order in list_orders.sync(SELLER, client=client).data if order.state == "draft"]
assert drafts, "the demo has no draft"
confirmed = confirm_order.sync(SELLER, drafts[0].id, client=client, body=OrderSeen(version=drafts[0].version))
assert confirmed.state == "confirmed", confirmed
again = {order.id: order for order in list_orders.sync(SELLER, client=client).data}[drafts[0].id]
assert again.state == "confirmed", again
print(f"order {again.id} is confirmed")
