//! The parameters of a path, whatever bytes they are.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use std::convert::Infallible;

/// The parameters of a path. When one of them is no UTF-8, all are empty: they name nothing then, and every surface
/// answers that in its own form.
pub struct Segments<T>(pub T);

impl<T: DeserializeOwned + Default + Send, S: Send + Sync> FromRequestParts<S> for Segments<T> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Segments<T>, Infallible> {
        let read = Path::<T>::from_request_parts(parts, state).await;
        Ok(Segments(read.map(|Path(segments)| segments).unwrap_or_default()))
    }
}
