"""What is tested of every version before it is released: `python check.py`."""

import pages

GOODS = [{"id": 1, "name": "塩 <島>", "price_yen": 1200}, {"id": 2, "name": "手ぬぐい", "price_yen": 980}]

shown = pages.shelves(GOODS)
for wanted in ("塩 &lt;島&gt;", "1,200", 'action="/buy/2"', "南風商店"):
    if wanted not in shown:
        raise SystemExit(f"the shelves lack {wanted}")
if "4,800" not in pages.order({"id": 7, "amount_yen": 4800}):
    raise SystemExit("an order lacks its amount")
if pages.trouble():
    raise SystemExit(pages.trouble())
