//! Stories of several pages, told without JavaScript: every step is a form of its own page.

use std::path::Path;

use portal::DEMO_PASSWORD;

use crate::world::{Answer, World, get, post};

/// A browser that runs no scripts.
pub struct Browser<'a> {
    pub world: &'a World,
    cookies: Vec<(String, String)>,
}

impl<'a> Browser<'a> {
    pub fn new(world: &'a World) -> Self {
        Self { world, cookies: Vec::new() }
    }

    pub fn signed_in(world: &'a World, name: &str) -> Self {
        Self::signed_in_with(world, name, DEMO_PASSWORD)
    }

    pub fn signed_in_with(world: &'a World, name: &str, password: &str) -> Self {
        let mut browser = Self::new(world);
        let form = [("name", name), ("password", password)];
        assert_eq!(browser.sends("/login", "session/sign-in", &form).status, 303);
        browser
    }

    pub fn opens(&mut self, path: &str) -> Answer {
        let answer = self.world.ask(get(path).with("cookie", &self.line()));
        self.keep(&answer);
        answer
    }

    /// Sends a form of a page; follows nothing.
    pub fn sends(&mut self, page: &str, function: &str, fields: &[(&str, &str)]) -> Answer {
        let function = format!("/api/{function}");
        let fields = [&[("_form", function.as_str())], fields].concat();
        let answer = self.world.ask(post(page, &fields).with("cookie", &self.line()));
        self.keep(&answer);
        answer
    }

    /// The same, and goes where it leads: the page.
    pub fn goes(&mut self, page: &str, function: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.sends(page, function, fields);
        assert_eq!(answer.status, 303, "{function}: {answer:?}");
        let to = answer.header("location").to_owned();
        let answer = self.opens(&to);
        assert_eq!(answer.status, 200, "{to}");
        answer
    }

    fn line(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn keep(&mut self, answer: &Answer) {
        for cookie in answer.cookies() {
            let pair = cookie.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else { continue };
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
    }
}

/// What stands in the latest mail to somebody, after all work is done.
pub fn mail_to(world: &World, to: &str) -> String {
    world.wait(world.portal.work_off()).unwrap();
    let folder: &Path = &world.folder.path().join("mail");
    let mut mails: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "eml"))
        .map(|path| (path.metadata().unwrap().modified().unwrap(), path))
        .collect();
    mails.sort();
    let mails = mails.into_iter().rev().map(|(_, path)| std::fs::read_to_string(path).unwrap());
    let mail = mails.into_iter().find(|mail| mail.contains(to)).expect("a mail");
    mail.replace("=\r\n", "").replace("=3D", "=")
}

pub fn code_in(mail: &str) -> String {
    let mut lines = mail.lines().filter_map(|line| line.strip_prefix("    "));
    lines.find(|line| line.len() == 6 && line.parse::<u32>().is_ok()).expect("a code").to_owned()
}

/// The path of the link in a mail that leads to one of these pages.
pub fn path_in(mail: &str, page: &str) -> String {
    let mut links = mail.lines().filter(|line| line.starts_with("http") && line.contains(page));
    let link = links.next().expect("a link").trim();
    link.strip_prefix("http://127.0.0.1:3000").expect("our origin").to_owned()
}
