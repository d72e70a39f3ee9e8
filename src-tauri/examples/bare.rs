//! A bare window of the till's size, which says when it has painted: what a cold start of the till
//! is compared with.

use std::io::Write;

use tauri::WebviewWindowBuilder;

fn main() -> tauri::Result<()> {
    tauri::Builder::default()
        .setup(|app| {
            let config = &app.config().app.windows[0];
            WebviewWindowBuilder::from_config(app, config)?
                .on_document_title_changed(|_, title| {
                    if title == "ready" {
                        // Whoever measures reads it; nobody else looks.
                        drop(writeln!(std::io::stdout().lock(), "ready"));
                    }
                })
                .build()?;
            Ok(())
        })
        .run(tauri::generate_context!("examples/bare/tauri.conf.json"))
}
