//! The words for days: months, "today", "end of", of all languages together, since a mail may name a day in any.

use super::hash::Map;
use super::source::LanguageSource;
use crate::domain::reply::dates::{DateWords, DayPhrase};
use crate::domain::reply::normalize;
use chrono::Weekday;

/// Words that begin with one of some stems, or are one of some words.
#[derive(Debug, Clone)]
pub(super) struct Words<T> {
    exact: Map<String, T>,
    stems: Map<String, T>,
    /// Bytes of the longest stem.
    longest: usize,
}

impl<T> Default for Words<T> {
    fn default() -> Self {
        Self { exact: Map::default(), stems: Map::default(), longest: 0 }
    }
}

impl<T: Copy> Words<T> {
    pub fn insert(&mut self, word: &str, value: T) {
        match word.strip_suffix('*') {
            Some(stem) => {
                let stem = normalize::fold(stem);
                self.longest = self.longest.max(stem.len());
                self.stems.insert(stem, value);
            }
            None => drop(self.exact.insert(normalize::fold(word), value)),
        }
    }

    pub fn get(&self, word: &str) -> Option<T> {
        let stem = || {
            (1..=word.len().min(self.longest))
                .rev()
                .filter(|e| word.is_char_boundary(*e))
                .find_map(|e| self.stems.get(&word[..e]).copied())
        };
        self.exact.get(word).copied().or_else(stem)
    }
}

/// Months, phrases and what announces a day.
#[derive(Debug, Clone, Default)]
pub struct Days {
    months: Words<u32>,
    /// Phrases by their first word, the longest first.
    phrases: Map<String, Vec<(Vec<String>, DayPhrase)>>,
    announcers: Words<()>,
    weekdays: Words<Weekday>,
}

impl Days {
    pub(super) fn add(&mut self, source: &LanguageSource) {
        for (number, forms) in (1u32..).zip(&source.months) {
            forms.split_whitespace().for_each(|form| self.months.insert(form, number));
        }
        let dates = &source.dates;
        let kinds = [
            (&dates.today, DayPhrase::Today),
            (&dates.yesterday, DayPhrase::Yesterday),
            (&dates.tomorrow, DayPhrase::Tomorrow),
            (&dates.month_end, DayPhrase::MonthEnd),
            (&dates.next_month_end, DayPhrase::NextMonthEnd),
            (&dates.next_month_start, DayPhrase::NextMonthStart),
            (&dates.year_end, DayPhrase::YearEnd),
            (&dates.end_of, DayPhrase::EndOf),
            (&dates.first_of, DayPhrase::FirstOf),
            (&dates.this_month, DayPhrase::ThisMonth),
            (&dates.next_month, DayPhrase::NextMonth),
            (&dates.last_month, DayPhrase::LastMonth),
        ];
        let weekdays =
            [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];
        for (weekday, forms) in weekdays.into_iter().zip(&dates.weekdays) {
            forms.split_whitespace().for_each(|form| self.weekdays.insert(form, weekday));
        }
        for (list, phrase) in kinds {
            for text in list {
                let words: Vec<String> = normalize::split_words(text).iter().map(|w| normalize::fold(w)).collect();
                let Some(first) = words.first() else { continue };
                let same = self.phrases.entry(first.clone()).or_default();
                same.push((words, phrase));
                same.sort_by_key(|(words, _)| std::cmp::Reverse(words.len()));
            }
        }
        dates.before.iter().for_each(|word| self.announcers.insert(word, ()));
    }
}

impl DateWords for Days {
    fn month(&self, word: &str) -> Option<u32> {
        self.months.get(word)
    }

    fn phrase(&self, words: &[&str]) -> Option<(usize, DayPhrase)> {
        let known = self.phrases.get(*words.first()?)?;
        let met = |phrase: &Vec<String>| phrase.len() <= words.len() && phrase.iter().zip(words).all(|(a, b)| a == b);
        known.iter().find(|(phrase, _)| met(phrase)).map(|(phrase, day)| (phrase.len(), *day))
    }

    fn weekday(&self, word: &str) -> Option<Weekday> {
        self.weekdays.get(word)
    }

    fn announces(&self, word: &str) -> bool {
        self.announcers.get(word).is_some()
    }
}
