//! Style sheets, scripts and pictures: where they are, and how they are served.
//!
//! Their names carry a hash of their content, so browsers keep them for ever, and they lie beside
//! their own compressed copies. Pages are not compressed: their text mixes what a stranger can
//! choose with what is private, which compression would leak (BREACH).

use std::path::{Path, PathBuf};

use axum::{
    Router,
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::Response,
};
use leptos::config::LeptosOptions;
use portal::config::Settings;
use tower_http::services::{ServeDir, ServeFile};

/// The name that the scripts are built under.
const NAME: &str = "rekey";
/// The folder of the hashed files.
const PACKAGE: &str = "pkg";
/// What a hashed file's name never changes for: a year.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// What keeps its name when it changes, such as the favicon.
const FOR_AN_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// The site's files.
#[derive(Debug, Clone)]
pub struct Assets {
    folder: Option<PathBuf>,
    options: LeptosOptions,
}

impl Assets {
    /// No files at all: pages are plain, without style and script. For tests that need no browser.
    pub fn none() -> Self {
        Self { folder: None, options: options("", Path::new("."), None) }
    }

    /// The folder that the settings name, else the one beside the program, in its
    /// `../share/rekey/site`, or where cargo-leptos puts it.
    pub fn find(settings: &Settings) -> anyhow::Result<Self> {
        let program = std::env::current_exe().unwrap_or_default();
        let beside = program.parent().unwrap_or(Path::new("."));
        if let Some(folder) = &settings.assets {
            anyhow::ensure!(
                folder.join(PACKAGE).is_dir(),
                "assets is {}, where there is no folder {PACKAGE}/: name the folder that holds it, or leave the setting out",
                folder.display()
            );
            return Ok(Self::in_folder(folder, beside));
        }
        let folders = ["site", "../share/rekey/site", "../site", "../../site"];
        let found = folders.iter().map(|f| beside.join(f)).find(|f| f.join(PACKAGE).is_dir());
        Ok(found.map_or_else(Self::none, |folder| Self::in_folder(&folder, beside)))
    }

    fn in_folder(folder: &Path, beside: &Path) -> Self {
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        // Several builds may have left a list; the right one names files that are there.
        let lists = [
            folder.join("hash.txt"),
            folder.join("../hash.txt"),
            beside.join("hash.txt"),
            beside.join("../hash.txt"),
        ];
        let hashes = lists.into_iter().find(|list| {
            hash(list, "js")
                .is_some_and(|hash| folder.join(PACKAGE).join(format!("{NAME}.{hash}.js")).exists())
        });
        let options = options(NAME, &folder, hashes.as_deref());
        Self { folder: Some(folder), options }
    }

    /// Where the files are, if they are anywhere.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// What the pages need to know of the files. Without files the name is empty, by which the
    /// pages' shell leaves them out.
    pub fn options(&self) -> LeptosOptions {
        self.options.clone()
    }

    /// Serves the files: those under `/pkg`, and each in the folder itself, such as the favicon.
    pub fn router(&self) -> Router {
        let Some(folder) = &self.folder else { return Router::new() };
        let package = ServeDir::new(folder.join(PACKAGE))
            .append_index_html_on_directories(false)
            .precompressed_br()
            .precompressed_gzip();
        let mut router = Router::new().nest_service("/pkg", package);
        for name in top_files(folder) {
            let file = ServeFile::new(folder.join(&name)).precompressed_br().precompressed_gzip();
            router = router.route_service(&format!("/{name}"), file);
        }
        router.layer(middleware::from_fn(keep))
    }
}

fn options(name: &str, folder: &Path, hashes: Option<&Path>) -> LeptosOptions {
    // Leptos looks beside the program unless the path is absolute.
    let list = hashes.and_then(|list| list.canonicalize().ok()).unwrap_or_default();
    LeptosOptions::builder()
        .output_name(name)
        .site_root(folder.to_string_lossy().into_owned())
        .site_pkg_dir(PACKAGE)
        .hash_files(hashes.is_some())
        .hash_file(list.to_string_lossy().into())
        .build()
}

/// Says how long a file may be kept.
async fn keep(request: axum::extract::Request, next: Next) -> Response {
    let path = request.uri().path();
    let (in_package, has_hash) = (path.starts_with("/pkg/"), has_hash(path));
    let mut response = next.run(request).await;
    if response.status().is_success() || response.status() == 304 {
        if has_hash {
            response.headers_mut().insert(header::CACHE_CONTROL, FOR_EVER);
        } else if !in_package {
            response.headers_mut().insert(header::CACHE_CONTROL, FOR_AN_HOUR);
        }
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    response
}

/// Whether a part of the file's name is a hash as cargo-leptos and wasm-bindgen write them.
fn has_hash(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.split('.').skip(1).any(|part| {
        part.len() >= 16
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && part.bytes().any(|b| b.is_ascii_alphanumeric())
    })
}

/// One hash of the list.
fn hash(list: &Path, kind: &str) -> Option<String> {
    let text = std::fs::read_to_string(list).ok()?;
    text.lines().find_map(|line| {
        let (name, hash) = line.split_once(':')?;
        (name.trim() == kind).then(|| hash.trim().to_owned())
    })
}

/// The names of the files that lie in the folder itself, without their compressed copies.
fn top_files(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    // Links are followed; what begins with a dot is somebody else's.
    let names = entries.flatten().filter(|entry| entry.path().is_file());
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    let is_plain = |name: &String| {
        let ending = Path::new(name).extension().and_then(|ending| ending.to_str());
        !name.starts_with('.')
            && !matches!(ending, Some("br" | "gz"))
            && name != "hash.txt"
            && !name.contains(['{', '}', '*', ':'])
    };
    names.filter(is_plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        assert!(has_hash("/pkg/rekey.NJFZx0Vd1T4cBTTyC5Zq4A.js"));
        assert!(has_hash("/pkg/rekey.NJFZx0Vd-_4cBTTyC5Zq4A.wasm"));
        assert!(!has_hash("/pkg/rekey.js"));
        assert!(!has_hash("/pkg/__wasm_split.______________________.js"));
        assert!(!has_hash("/favicon.svg"));
    }
}
