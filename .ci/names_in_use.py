"""Names that are in use although no code of ours says them; read by vulture, never run."""

# ruff: noqa: F821, B018, SLF001, INP001  # names of other modules

# Libraries set or call these by name.
StartResponse
WSGIApplication
WSGIEnvironment
_._get_csrf_token
_._repr
_.assets_ignore
_.close_timer
_.formatwarning
_.get_command
_.get_id
_.rate_limit_verdict
_.rate_limit_group
_.isolation_level
_.list_commands
_.log_exception
_.max_content_length
_.max_redirects
_.no_cache
_.open_session
_.save_session
_.session_protection
_.unraisablehook
client_cls
csrf_token
exit_code
fatal
last_used
model_config
session_class

# Fields that are read by name, as JSON, columns or settings.
DOWN
MUTED
STALE
UP
band
band_line
bollinger_lower
bollinger_middle
bollinger_upper
buy_orders
csfloat_interval
csfloat_key
csfloat_url
csgotrader_interval
csgotrader_url
demo_interval
diversification
down_deep
ewma_volatility
expected_shortfall
exported_at
float_value
internal
limit_auth
limit_callbacks
limit_import
limit_json
limit_operations
limit_pages
limit_sign_in
limit_websocket
model_config
name_tag
neutral
paint_seed
priceempire_interval
priceempire_url
return_volatility
sell_orders
skinport_interval
skinport_url
steam_interval
trend_r2
trend_slope
up_deep
value_at_risk
yearly_volatility

# Classes that the registry imports by name.
CsfloatProvider
CsgotraderProvider
PriceempireProvider
SkinportProvider
SteamProvider

# What tests compare with: the plain definitions, and ways to look inside.
BUY
_.refresh
monthly
newest_day
outlook
time_weighted
wipe
