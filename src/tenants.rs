//! The tenants by id.
