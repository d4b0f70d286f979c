//! As much of BER (X.690, in the form of RFC 4511, 5.1) as is needed to look at what a directory
//! sends before a library takes it apart: that one knows no bound for size, nor for how deep things
//! lie in one another, and a message that is deep enough would end this very process.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Largest message, in bytes.
const LARGEST: usize = 1024 * 1024;
/// Deepest nesting. An entry has five levels: message, entry, attributes, attribute, values.
const DEEPEST: u32 = 8;
/// What an element costs beside its bytes: about what it takes in memory, in bytes.
const ELEMENT: usize = 64;

/// The first element of some bytes: its tag, what is in it, and what comes after it.
pub(super) fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // One to four bytes of length; lengths that are not told beforehand are not for LDAP.
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// What elements cost; none where they are not sound, or too deep.
fn cost(mut bytes: &[u8], deeper: u32) -> Option<usize> {
    let mut sum = bytes.len();
    while !bytes.is_empty() {
        let (tag, content, rest) = element(bytes)?;
        sum += ELEMENT;
        // Whether there are elements in it, too.
        if tag & 0x20 != 0 {
            sum += cost(content, deeper.checked_sub(1)?)? - content.len();
        }
        bytes = rest;
    }
    Some(sum)
}

/// Reads one message, and tells what it costs; nothing where there is none any more.
pub(super) async fn message<R: AsyncRead + Unpin>(
    from: &mut R,
) -> io::Result<Option<(Vec<u8>, usize)>> {
    let unsound = || io::Error::from(io::ErrorKind::InvalidData);
    let mut message = vec![0; 2];
    if from.read(&mut message[..1]).await? == 0 {
        return Ok(None);
    }
    // A message is a sequence.
    if message[0] != 0x30 {
        return Err(unsound());
    }
    from.read_exact(&mut message[1..]).await?;
    let length = match message[1] {
        length @ 0..=0x7f => usize::from(length),
        long @ 0x81..=0x84 => {
            message.resize(2 + usize::from(long & 0x7f), 0);
            from.read_exact(&mut message[2..]).await?;
            message[2..].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
        }
        _ => return Err(unsound()),
    };
    if length > LARGEST {
        return Err(unsound());
    }
    let begin = message.len();
    message.resize(begin + length, 0);
    from.read_exact(&mut message[begin..]).await?;
    let cost = cost(&message, DEEPEST).ok_or_else(unsound)?;
    Ok(Some((message, cost)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Elements in one another, this many.
    pub(in super::super) fn nested(depth: u32) -> Vec<u8> {
        let header = |inner: u32| [&[0x30, 0x84], &(6 * inner).to_be_bytes()[..]].concat();
        (0..depth).rev().flat_map(header).collect()
    }

    #[test]
    fn elements_are_found_in_what_is_whole() {
        assert_eq!(element(b"\x04\x02hi\x05\0"), Some((4, &b"hi"[..], &b"\x05\0"[..])));
        assert_eq!(element(b"\x04\x82\0\x02hi"), Some((4, &b"hi"[..], &b""[..])));
        for broken in [&b""[..], b"\x04", b"\x04\x03hi", b"\x04\x80hi", b"\x04\x85\0\0\0\0\0"] {
            assert_eq!(element(broken), None, "{broken:?}");
        }
    }

    #[tokio::test]
    async fn messages_are_read_whole_and_one_by_one() {
        let both = [nested(3), nested(1)].concat();
        let mut from = &both[..];
        assert_eq!(message(&mut from).await.unwrap().unwrap(), (nested(3), 18 + 3 * ELEMENT));
        assert_eq!(message(&mut from).await.unwrap().unwrap(), (nested(1), 6 + ELEMENT));
        assert_eq!(message(&mut from).await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_is_too_deep_too_large_or_cut_off_is_no_message() {
        assert!(message(&mut &nested(DEEPEST)[..]).await.is_ok());
        // Deep enough for the end of a stack, were it taken apart.
        for depth in [DEEPEST + 1, 100_000] {
            assert!(message(&mut &nested(depth)[..]).await.is_err(), "{depth}");
        }
        let large = [&b"\x30\x84\x7f\xff\xff\xff"[..], &[0; 64]].concat();
        assert!(message(&mut &large[..]).await.is_err());
        let whole = nested(3);
        assert!(message(&mut &whole[..whole.len() - 1]).await.is_err());
        assert!(message(&mut &b"\x30\x04\x30\x05\0\0"[..]).await.is_err());
        assert!(message(&mut &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..]).await.is_err());
    }
}
