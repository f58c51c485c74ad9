//! Search: the parameters Kanta PHR documents, read from a query and from a resource (resource-server.md §3).

mod date;
mod extract;
mod parameters;
mod query;
mod token;
mod types;

pub use date::{DateFilter, Interval, Prefix};
pub use extract::{IndexValues, canonical, when};
pub use parameters::{Parameter, ParameterType, RESULT_PARAMETERS, Role, default_code_system, parameters};
pub use query::{Query, QueryError, QueryRules, Sort, SortKey, Summary};
pub use token::{System, Token, codings, split_values};
pub use types::ResourceType;
