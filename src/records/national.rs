//! The national profiles as this room's judge.

use super::judge::{Judge, Objection};
use super::Settings;
use crate::fhir::Version;
use crate::fhir::definitions::Definitions;
use crate::fhir::outcome::{ErrorCode, Issue};
use crate::fhir::validation::{self, Finding, ForeignProfiles, Options};
use crate::json::Document;
use std::sync::Arc;
