//! Signs messages of a domain, so that others can tell that nobody made them up (`DKIM`, RFC 6376, with
//! the algorithm `rsa-sha256` of RFC 8301).
//!
//! The canonical form, `relaxed/relaxed`, is made here and not by a library: those that make it bring a
//! resolver for the DNS or another generation of the same cryptography. The messages are our own, and the
//! tests have them verified by `dkimpy`.

use anyhow::Context;
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use model::Moment;
use rand::{SeedableRng, rngs::StdRng};
use rsa::{
    Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey,
    pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey},
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::secrets::Secret;

/// Length of keys, in bits: what all verifiers take (RFC 8301, 3.2), and what one record of the DNS has
/// room for.
const BITS: usize = 2_048;
/// What is signed of the head, each once more than it is there: nobody can add another, which readers
/// would show instead (RFC 6376, 8.15).
const SIGNED: [&str; 16] = [
    "from",
    "from",
    "to",
    "to",
    "subject",
    "subject",
    "date",
    "date",
    "message-id",
    "message-id",
    "reply-to",
    "reply-to",
    "mime-version",
    "mime-version",
    "content-type",
    "content-type",
];
/// Characters of a signature on one line.
const LINE: usize = 70;

/// A new key: the private half (PKCS #8, base64), and the public one as records of the DNS have it.
pub(crate) fn new_key(seed: [u8; 32]) -> anyhow::Result<(Secret, String)> {
    let key = RsaPrivateKey::new(&mut StdRng::from_seed(seed), BITS).context("a key")?;
    let private = key.to_pkcs8_der().context("a private key")?;
    let public = RsaPublicKey::from(&key).to_public_key_der().context("a public key")?;
    Ok((Secret::new(BASE64.encode(private.as_bytes())), BASE64.encode(public.as_bytes())))
}

/// Signs for a domain.
pub(crate) struct Signer {
    /// The domain, in ASCII.
    pub domain: String,
    /// Where below it the record is.
    pub selector: String,
    key: RsaPrivateKey,
    seed: [u8; 32],
}

impl Signer {
    /// A signer with a private key as [`new_key`] made it. What is random about signing is how it
    /// is computed, not what comes of it.
    pub(crate) fn new(
        domain: String,
        selector: String,
        key: &Secret,
        seed: [u8; 32],
    ) -> anyhow::Result<Self> {
        let der = Zeroizing::new(BASE64.decode(key.reveal()).ok().context("a private key")?);
        // The cause may quote what is secret.
        let key = RsaPrivateKey::from_pkcs8_der(&der).ok().context("a private key")?;
        Ok(Self { domain, selector, key, seed })
    }

    /// The header that signs a message, with the end of its last line.
    pub(crate) fn header(&self, message: &[u8], at: Moment) -> anyhow::Result<String> {
        let (head, body) = split(message).context("a message without a body")?;
        let head = std::str::from_utf8(head).context("a head that is not ASCII")?;
        let body_hash = BASE64.encode(Sha256::digest(relaxed_body(body)));
        let fields = fields(head);
        let mut left: Vec<&(String, String)> = fields.iter().collect();
        let mut hashed = String::new();
        for name in SIGNED {
            // Of several the last one first (RFC 6376, 5.4.2); one that is not there signs that.
            if let Some(at) = left.iter().rposition(|(known, _)| known == name) {
                let (name, value) = left.remove(at);
                hashed.extend([name, ":", value, "\r\n"]);
            }
        }
        let (first, second) = SIGNED.split_at(SIGNED.len() / 2);
        let signed = format!("{}:\r\n {}", first.join(":"), second.join(":"));
        let unsigned = format!(
            "v=1; a=rsa-sha256; c=relaxed/relaxed; d={}; s={}; t={};\r\n h={};\r\n bh={body_hash};\r\n b=",
            self.domain,
            self.selector,
            at.unix_seconds(),
            signed,
        );
        hashed.extend(["dkim-signature:", &relaxed(&unsigned)]);
        let signature = self
            .key
            .sign_with_rng(
                &mut StdRng::from_seed(self.seed),
                Pkcs1v15Sign::new::<Sha256>(),
                &Sha256::digest(hashed),
            )
            .context("signing")?;
        let signature = BASE64.encode(signature);
        let lines: Vec<&str> = signature
            .as_bytes()
            .chunks(LINE)
            .map(|line| std::str::from_utf8(line).unwrap_or_default())
            .collect();
        Ok(format!("DKIM-Signature: {unsigned}{}\r\n", lines.join("\r\n ")))
    }
}

/// Head and body of a message.
fn split(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = message.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    Some((&message[..at], &message[at + 4..]))
}

/// The fields of a head in canonical form (RFC 6376, 3.4.2), names in lower case.
fn fields(head: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in head.split("\r\n") {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim_end().to_ascii_lowercase(), value.to_owned()));
        }
    }
    for (_, value) in &mut fields {
        *value = relaxed(value);
    }
    fields
}

/// A value on one line, with one space wherever there is any.
fn relaxed(value: &str) -> String {
    value
        .split([' ', '\t', '\r', '\n'])
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A body in canonical form (RFC 6376, 3.4.4).
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in body.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut short = Vec::with_capacity(line.len());
        for byte in line {
            match byte {
                b' ' | b'\t' if short.last() == Some(&b' ') => {}
                b' ' | b'\t' => short.push(b' '),
                byte => short.push(*byte),
            }
        }
        if short.last() == Some(&b' ') {
            short.pop();
        }
        lines.push(short);
    }
    while lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    lines.into_iter().flat_map(|line| [line, b"\r\n".to_vec()]).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_forms_are_those_of_the_standard() {
        // RFC 6376, 3.4.5.
        let head = "A: X\r\nB : Y\t\r\n\tZ  ";
        let expected = [("a", "X"), ("b", "Y Z")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(fields(head), expected);
        assert_eq!(relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
        assert_eq!(relaxed_body(b""), b"");
        assert_eq!(relaxed_body(b"no end"), b"no end\r\n");
    }

    #[test]
    fn a_signature_is_the_same_at_every_try() {
        let (key, public) = new_key([7; 32]).unwrap();
        assert!(public.len() < 400, "fits into two strings of a record");
        let signer = |seed| {
            Signer::new("northwind.example".into(), "rekey-1".into(), &key, [seed; 32]).unwrap()
        };
        let message = b"From: a@northwind.example\r\nSubject: Hello\r\n\r\nYou\r\n";
        let at = Moment(1_763_733_909_000_000);
        let header = signer(1).header(message, at).unwrap();
        assert_eq!(header, signer(2).header(message, at).unwrap());
        assert!(header.starts_with("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=northwind.example; s=rekey-1; t=1763733909;\r\n"));
        assert!(header.lines().all(|line| line.len() <= 120), "{header}");
        assert!(signer(1).header(b"no body", at).is_err());
    }
}
