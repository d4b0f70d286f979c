//! Words that stand for values on the wire, in addresses and in files.

use serde::{
    Deserialize,
    de::value::{Error, StrDeserializer},
};

/// The value that a word stands for.
pub(crate) fn from_word<T: for<'de> Deserialize<'de>>(word: &str) -> Option<T> {
    T::deserialize(StrDeserializer::<Error>::new(word)).ok()
}
