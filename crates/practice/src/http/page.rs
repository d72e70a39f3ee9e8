//! The phone page: its three files and the picture of a code. Nothing comes from elsewhere.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use qrcode::types::Color;
use qrcode::{EcLevel, QrCode};
use serde::Deserialize;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";
/// The white border that a scanner needs, in modules.
const QUIET: usize = 4;

#[derive(Deserialize)]
pub(super) struct Code {
    text: String,
}

pub(super) async fn html() -> Response {
    file("text/html; charset=utf-8", include_str!("phone.html"))
}

pub(super) async fn css() -> Response {
    file("text/css; charset=utf-8", include_str!("phone.css"))
}

pub(super) async fn script() -> Response {
    file("text/javascript; charset=utf-8", include_str!("phone.js"))
}

/// Draws a text as a code that a scanner can read off the page.
pub(super) async fn code(Query(code): Query<Code>) -> Response {
    let Ok(drawn) = QrCode::with_error_correction_level(code.text, EcLevel::M) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let width = drawn.width();
    let mut path = String::new();
    for (place, color) in drawn.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            let (x, y) = (place % width + QUIET, place / width + QUIET);
            path.push_str(&format!("M{x} {y}h1v1h-1z"));
        }
    }
    let side = width + 2 * QUIET;
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/>\
         <path d=\"{path}\"/></svg>"
    );
    ([(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, "no-store")], svg).into_response()
}

fn file(content_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, content_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, text).into_response()
}
