//! Handlers are synchronous below the surface; one that waits for a disk must not hold up the others.

use super::context::App;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// Runs a handler's work: in place when the store is in memory, else on a thread that may wait.
pub async fn blocking(app: App, work: impl FnOnce(&App) -> Response + Send + 'static) -> Response {
    if !app.tenant.store.is_durable() {
        return work(&app);
    }
    match tokio::task::spawn_blocking(move || work(&app)).await {
        Ok(response) => response,
        // The work panicked: a bug, already reported by the panic itself.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
