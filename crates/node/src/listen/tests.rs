//! Bad clients, one after the other.
