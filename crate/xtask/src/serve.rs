//! The static server: web/dist on 127.0.0.1, with the headers of a careful host.

use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::LazyLock;
use std::thread;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::Response;
use tower_http::services::ServeDir;

use crate::files::root;

/// The policy that the build also writes into index.html, for static hosts. Everything comes from the site itself,
/// apart from model files, which may come from any address.
const SITE_POLICY: &str = include_str!("../../../web/content-security-policy.txt");

/// The policy as a header. `frame-ancestors` counts only there.
static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    let rules: Vec<&str> = SITE_POLICY.lines().map(str::trim).chain(["frame-ancestors 'none'"]).collect();
    rules.join("; ")
});

/// A second path to the site for the tests: the site must not rely on being at the root.
pub const SUB_PATH: &str = "/some/where/else";

/// Serves the site until the process ends, and prints a line once it answers. `background_task` runs in its own
/// thread. If it fails, the error is printed and the site is still served.
pub fn serve(port: u16, background_task: Option<fn() -> Result<()>>) -> Result<()> {
    let (listener, address) = listen(port)?;
    println!("serving http://{address}/");
    std::io::stdout().flush().context("cannot print")?;
    if let Some(work) = background_task {
        thread::spawn(move || {
            if let Err(error) = work() {
                eprintln!("error: {error:#}");
            }
        });
    }
    serve_folder(listener, &root("web/dist"))
}

/// Serves the site from its own thread on a free port and returns its address.
pub fn in_background() -> Result<String> {
    let (listener, address) = listen(0)?;
    thread::spawn(move || {
        if let Err(error) = serve_folder(listener, &root("web/dist")) {
            eprintln!("the server ended: {error:#}");
        }
    });
    Ok(format!("http://{address}/"))
}

fn listen(port: u16) -> Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            anyhow::anyhow!("port {port} is in use by another program: choose one with --port")
        }
        _ => anyhow::anyhow!("cannot listen on port {port}: {error}"),
    })?;
    listener.set_nonblocking(true).context("cannot listen")?;
    let address = listener.local_addr().context("cannot listen")?;
    Ok((listener, address))
}

fn serve_folder(listener: TcpListener, folder: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("cannot start the server")?.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).context("cannot listen")?;
        axum::serve(listener, site(folder)).await.context("the server ended")
    })
}

/// The site at the root and at [`SUB_PATH`].
fn site(folder: &Path) -> Router {
    let files = Router::new().fallback_service(ServeDir::new(folder)).layer(from_fn(set_cache_control));
    Router::new()
        .nest_service(SUB_PATH, files.clone())
        .fallback_service(files)
        .layer(map_response(set_security_headers))
}

/// Sets how long a response may be cached. Its paths do not include [`SUB_PATH`].
async fn set_cache_control(request: Request, next: Next) -> Response {
    let hashed = request.uri().path().starts_with("/assets/");
    let mut response = next.run(request).await;
    // A revalidated file (304) keeps its caching. A missing file must not stay missing.
    let found = response.status().is_success() || response.status().is_redirection();
    response.headers_mut().insert(header::CACHE_CONTROL, cache_control(hashed && found));
    response
}

/// Files under assets/ have a content hash in their names and never change. All others are revalidated.
fn cache_control(hashed: bool) -> HeaderValue {
    HeaderValue::from_static(match hashed {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    })
}

async fn set_security_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(&CONTENT_SECURITY_POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::files::{TempFolder, write_if_changed};

    fn header<'a>(response: &'a ureq::http::Response<ureq::Body>, name: &str) -> &'a str {
        response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    #[test]
    fn responses_have_content_type_caching_and_security_headers() {
        let scratch = TempFolder::new("serve");
        let folder = scratch.path().to_path_buf();
        for (file, text) in [
            ("index.html", "<!doctype html>"),
            ("assets/app-1a2b.js", "export {}"),
            ("assets/lab-3c4d.wasm", "\0asm"),
            ("data/index.json", "[]"),
        ] {
            write_if_changed(&folder.join(file), text.as_bytes()).unwrap();
        }
        fs::write(folder.join("assets/styles-5e6f.css"), "a{}").unwrap();
        let (listener, address) = listen(0).unwrap();
        thread::spawn(move || serve_folder(listener, &folder));
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        for base in ["", SUB_PATH] {
            let get = |path: &str| agent.get(format!("http://{address}{base}{path}")).call().unwrap();
            let immutable = "public, max-age=31536000, immutable";
            for (path, kind, cache) in [
                ("/", "text/html", "no-cache"),
                ("/index.html", "text/html", "no-cache"),
                ("/assets/app-1a2b.js", "text/javascript", immutable),
                ("/assets/lab-3c4d.wasm", "application/wasm", immutable),
                ("/assets/styles-5e6f.css", "text/css", immutable),
                ("/data/index.json", "application/json", "no-cache"),
            ] {
                let response = get(path);
                assert_eq!(response.status(), 200, "{base}{path}");
                assert_eq!(header(&response, "content-type"), kind, "{base}{path}");
                assert_eq!(header(&response, "cache-control"), cache, "{base}{path}");
                assert_eq!(header(&response, "content-security-policy"), *CONTENT_SECURITY_POLICY);
                assert_eq!(header(&response, "x-content-type-options"), "nosniff");
            }
            let missing = get("/assets/gone.js");
            assert_eq!(missing.status(), 404);
            assert_eq!(header(&missing, "cache-control"), "no-cache", "a miss must not stay in caches");
            assert_eq!(get("/../Cargo.toml").status(), 404, "nothing outside the folder is served");
        }
    }

    #[test]
    fn port_in_use_gives_one_error() {
        let (_held, address) = listen(0).unwrap();
        let port = address.port();
        let sentence = format!("port {port} is in use by another program: choose one with --port");
        assert_eq!(listen(port).unwrap_err().to_string(), sentence);
    }
}
