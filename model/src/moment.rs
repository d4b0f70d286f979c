//! A point in time that both databases, the server and the browser hold alike.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
#[serde(transparent)]
pub struct Moment(pub i64);

/// A moment taken apart in UTC, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// Year of the Common Era.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

impl Moment {
    /// This moment and `span` later; stays at the last representable moment.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(micros(span)))
    }

    /// This moment and `span` earlier; stays at the first representable moment.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(micros(span)))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or_default())
    }

    /// Whole seconds since 1970-01-01T00:00:00Z.
    pub fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Year, month, day and time of day in UTC.
    pub fn civil(self) -> Civil {
        let seconds = self.unix_seconds();
        let (days, second_of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let day_of_era = z.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let small = |n: i64| u8::try_from(n).unwrap_or_default();
        Civil {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month: small(month),
            day: small(day_of_year - (153 * shifted_month + 2) / 5 + 1),
            hour: small(second_of_day / 3_600),
            minute: small(second_of_day % 3_600 / 60),
            second: small(second_of_day % 60),
        }
    }

    /// The end of a day in UTC, given as `2026-12-31`; `None` for what is no such day.
    pub fn end_of_day(text: &str) -> Option<Self> {
        Self::begin_of_day(text).map(|begin| begin.plus(Duration::from_secs(86_400)))
    }

    /// The beginning of a day in UTC, given as `2026-12-31`; `None` for what is no such day.
    pub fn begin_of_day(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut number = |digits: usize| {
            let part = parts.next()?;
            let fits = part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
            if fits { part.parse::<i64>().ok() } else { None }
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
        let shifted_year = year - i64::from(month <= 2);
        let era = shifted_year.div_euclid(400);
        let year_of_era = shifted_year.rem_euclid(400);
        let shifted_month = if month > 2 { month - 3 } else { month + 9 };
        let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * 146_097 + day_of_era - 719_468;
        let begin = Self(days * 86_400 * 1_000_000);
        // The 31st of a month that has 30 days is none.
        let civil = begin.civil();
        (i64::from(civil.month) == month && i64::from(civil.day) == day).then_some(begin)
    }

    /// As RFC 3339 in UTC with whole seconds, as `<time datetime>` wants it.
    pub fn rfc3339(self) -> String {
        let Civil { year, month, day, hour, minute, second } = self.civil();
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_known_moments_in_utc() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_210_096, "2024-02-29T12:34:56Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (4_102_444_800, "2100-01-01T00:00:00Z"),
        ] {
            assert_eq!(Moment(seconds * 1_000_000).rfc3339(), text);
        }
    }

    #[test]
    fn days_end_where_the_next_begins() {
        for (day, end) in [
            ("1970-01-01", "1970-01-02T00:00:00Z"),
            ("2024-02-29", "2024-03-01T00:00:00Z"),
            ("2026-12-31", "2027-01-01T00:00:00Z"),
        ] {
            assert_eq!(Moment::end_of_day(day).map(Moment::rfc3339).as_deref(), Some(end));
        }
        for none in
            ["", "2026-02-29", "2026-13-01", "2026-1-1", "2026-01-01-01", "today", "+026-01-01"]
        {
            assert_eq!(Moment::end_of_day(none), None, "{none}");
        }
    }

    #[test]
    fn never_measures_a_negative_span() {
        assert_eq!(Moment(5).since(Moment(9)), Duration::ZERO);
        assert_eq!(Moment(9).since(Moment(5)), Duration::from_micros(4));
    }
}
