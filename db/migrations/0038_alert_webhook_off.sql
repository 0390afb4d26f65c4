-- A webhook that its receiver ended is told in the history of alerts.
-- depends: 0037_alert_deliveries

ALTER TABLE alert_events DROP CONSTRAINT alert_events_kind_check;
ALTER TABLE alert_events ADD CONSTRAINT alert_events_kind_check CHECK (kind IN ('fired', 'recovered', 'no_data', 'webhook_off'));
