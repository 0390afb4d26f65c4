"""Currencies: Steam's currency ids and how Steam writes amounts in each of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Currency:
    """How one currency is written.

    `digits` is the number of decimals of its minor unit (ISO 4217), `decimal` its decimal sign on Steam, `symbols` what
    may stand before or behind the number, besides the ISO code.
    """

    code: str
    decimal: str
    digits: int
    symbols: tuple[str, ...]


def _row(code: str, decimal: str, symbols: str, digits: int = 2) -> Currency:
    return Currency(code, decimal, digits, tuple(symbols.split()))


# Steam writes the rouble with a Latin p and a Cyrillic "ub"; others write all three letters in Cyrillic.
_ROUBLE = "p\u0443\u0431. p\u0443\u0431 \u0440\u0443\u0431. \u0440\u0443\u0431 \u20bd"

STEAM_CURRENCIES: dict[int, Currency] = {
    1: _row("USD", ".", "$ US$"),
    2: _row("GBP", ".", "£"),
    3: _row("EUR", ",", "€"),
    4: _row("CHF", ".", "CHF"),
    5: _row("RUB", ",", _ROUBLE),
    6: _row("PLN", ",", "zł"),
    7: _row("BRL", ",", "R$"),
    8: _row("JPY", ".", "¥ ￥ 円", 0),
    9: _row("NOK", ",", "kr kr."),
    10: _row("IDR", ".", "Rp"),
    11: _row("MYR", ".", "RM"),
    12: _row("PHP", ".", "P ₱"),
    13: _row("SGD", ".", "S$"),
    14: _row("THB", ".", "฿"),
    15: _row("VND", ",", "₫ đ", 0),
    16: _row("KRW", ".", "₩ 원", 0),
    17: _row("TRY", ",", "TL ₺"),
    18: _row("UAH", ",", "₴"),
    19: _row("MXN", ".", "Mex$"),
    20: _row("CAD", ".", "CDN$ CA$ C$"),
    21: _row("AUD", ".", "A$ AU$"),
    22: _row("NZD", ".", "NZ$"),
    23: _row("CNY", ".", "¥ ￥"),
    24: _row("INR", ".", "₹ Rs Rs."),
    25: _row("CLP", ",", "CLP$", 0),
    26: _row("PEN", ".", "S/. S/"),
    27: _row("COP", ",", "COL$"),
    28: _row("ZAR", ".", "R"),
    29: _row("HKD", ".", "HK$"),
    30: _row("TWD", ".", "NT$"),
    31: _row("SAR", ".", "SR"),
    32: _row("AED", ".", "DH"),
    33: _row("SEK", ",", "kr kr."),
    34: _row("ARS", ",", "ARS$"),
    35: _row("ILS", ".", "₪"),
    36: _row("BYN", ",", "Br p."),
    37: _row("KZT", ",", "₸"),
    38: _row("KWD", ".", "KD", 3),
    39: _row("QAR", ".", "QR"),
    40: _row("CRC", ",", "₡"),
    41: _row("UYU", ",", "$U"),
    42: _row("BGN", ",", "лв лв."),
    43: _row("HRK", ",", "kn"),
    44: _row("CZK", ",", "Kč"),
    45: _row("DKK", ",", "kr kr."),
    46: _row("HUF", ",", "Ft"),
    47: _row("RON", ",", "lei"),
}

BY_CODE: dict[str, Currency] = {currency.code: currency for currency in STEAM_CURRENCIES.values()}
USD_ID = 1
