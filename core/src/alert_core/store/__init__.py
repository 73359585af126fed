"""The database: notifications, deliveries, attempts, batches, snapshots."""
