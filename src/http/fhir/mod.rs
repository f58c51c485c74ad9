//! http/fhir
