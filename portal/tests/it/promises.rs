//! Every test that `docs/security.md` names is there.

use std::{fs, path::Path};

/// All files of a folder as one text.
fn sources(folder: &Path) -> String {
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files
        .iter()
        .filter(|path| path.is_file())
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

#[test]
fn every_promise_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let of_programs = sources(&root.join("server/tests/http"))
        + &fs::read_to_string(root.join("server/tests/process.rs")).unwrap()
        + &sources(&root.join("portal/tests/mail"));
    let of_browser = sources(&root.join("end2end/stories"));
    let exists = |name: &str| {
        if let Some((file, test)) = name.split_once("::") {
            let stories = root.join(format!("portal/tests/it/{file}.rs"));
            let stories = fs::read_to_string(stories).unwrap_or_default();
            return !stories.is_empty()
                && (test == "…" || stories.contains(&format!("fn {test}(")));
        }
        if name.contains('/') {
            return root.join(name).is_file();
        }
        of_browser.contains(&format!("test('{name}'"))
            || of_programs.contains(&format!("fn {name}("))
    };

    let page = fs::read_to_string(root.join("docs/security.md")).unwrap();
    let held_by = page
        .lines()
        .filter(|line| line.starts_with('|'))
        .filter_map(|line| line.trim_end_matches('|').rsplit_once('|').map(|(_, held_by)| held_by));
    let names: Vec<&str> = held_by.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert!(names.len() > 60, "{} names", names.len());
    let missing: Vec<&str> = names.into_iter().filter(|name| !exists(name)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}
