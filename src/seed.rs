//! Seed data to citizens, clients and records.
