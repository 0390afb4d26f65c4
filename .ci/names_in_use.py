"""Names that are in use although no code of ours says them; read by vulture, never run."""

# ruff: noqa: F821, B018, SLF001, INP001  # names of other modules

# Libraries set or call these by name.
FieldInfo
StartResponse
WSGIApplication
WSGIEnvironment
_._get_csrf_token
_._repr
_.assets_ignore
_.close_timer
_.formatwarning
_.ensure_sync
_.get_command
_.get_id
_.rate_limit_verdict
_.rate_limit_group
_.isolation_level
_.list_commands
_.log_exception
_.read_only
_.max_content_length
_.max_redirects
_.no_cache
_.open_session
_.save_session
_.should_exit
_.get_retry_decision
_.session_protection
_.settings_customise_sources
_.unraisablehook
client_cls
csrf_token
exit_code
fatal
last_used
model_config
session_class

# Fields that are read by name, as JSON, columns or settings.
added_at
DOWN
MUTED
STALE
UP
added_at
annual_return
band
band_line
bollinger_lower
bollinger_middle
bollinger_upper
buy_orders
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
return_volatility
sell_orders
trend_r2
trend_slope
up_deep
value_at_risk
yearly_volatility

# Fields of alerts.
cooldown_seconds
enabled
former_until
gone_at
next_try
quiet_hours
snoozed_until
tried_at

# Classes that the registry imports by name.
CsfloatProvider
CsgotraderProvider
DemoExchange
configured
PriceempireProvider
SkinportProvider
SteamProvider

# What tests compare with: the plain definitions, and ways to look inside.
BUY
_.refresh
monthly
time_weighted

# Fields of levels, which the JSON has by their names; what the documents say of an indicator.
sync
ath
ath_time
atl
atl_time
current_price
entered
fib_levels
pane
undefined

# Files of an exchange, for a backfill from them.
