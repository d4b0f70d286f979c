//! Charts: drawn by the server as SVG, with attributes and classes alone. Every number in them also
//! stands beside them as text; words are never part of a picture, which would shrink with it.

use leptos::prelude::*;

use crate::{i18n::tr, words};

/// A hundredth of a picture's height or width.
const UNIT: u32 = 100;

/// One kind of thing that is counted.
#[derive(Debug, Clone)]
pub struct Series {
    /// What it is called.
    pub name: &'static str,
    /// How many there are at each place.
    pub values: Vec<u32>,
}

impl Series {
    fn total(&self) -> u32 {
        self.values.iter().sum()
    }
}

/// The colour of a series, told apart also by those who see no red or green: `style/components.css`.
fn colour(number: usize) -> &'static str {
    ["series-1", "series-2", "series-3", "series-4", "series-5"].get(number).unwrap_or(&"series-5")
}

/// Columns, one for each place, with the series on top of each other.
#[component]
pub fn Columns(
    /// What is counted; those of which there is nothing are left out.
    series: Vec<Series>,
    /// What the places are called.
    places: Vec<String>,
    /// What the column of places is called, in the table.
    place: &'static str,
    /// What the picture shows, for those who do not see it.
    label: &'static str,
) -> impl IntoView {
    let series: Vec<Series> = series.into_iter().filter(|series| series.total() > 0).collect();
    let sum =
        |place: usize| series.iter().map(|series| series.values.get(place).unwrap_or(&0)).sum();
    let sums: Vec<u32> = (0..places.len()).map(sum).collect();
    let most = sums.iter().copied().max().unwrap_or_default().max(1);
    let mut columns = Vec::new();
    for at in 0..places.len() {
        let mut height_below = 0.0;
        for (number, series) in series.iter().enumerate() {
            let value = series.values.get(at).copied().unwrap_or_default();
            if value == 0 {
                continue;
            }
            // Room for a hair's breadth between two of them.
            let height = share(value, most);
            let y = f64::from(UNIT) - height_below - height;
            height_below += height;
            columns.push(view! {
                <rect
                    class=colour(number)
                    x=format!("{}.1", at)
                    y=format!("{:.2}", y + 0.4)
                    width="0.8"
                    height=format!("{:.2}", (height - 0.4).max(0.4))
                />
            });
        }
    }
    let legend = series
        .iter()
        .enumerate()
        .map(|(number, series)| {
            view! {
                <li class="flex items-center gap-1.5">
                    <svg class="size-2.5 shrink-0" viewBox="0 0 1 1" aria-hidden="true">
                        <rect class=colour(number) width="1" height="1" />
                    </svg>
                    {series.name} " " <span class="num font-semibold">{words::number(series.total())}</span>
                </li>
            }
        })
        .collect_view();
    let spoken: Vec<String> = series
        .iter()
        .map(|series| format!("{} {}", series.name, words::number(series.total())))
        .collect();
    let heads =
        series.iter().map(|series| view! { <th scope="col">{series.name}</th> }).collect_view();
    let (first, last) = (places.first().cloned(), places.last().cloned());
    let box_ = format!("0 0 {} {UNIT}", places.len().max(1));
    let rows = places
        .into_iter()
        .enumerate()
        .filter(|(at, _)| sums[*at] > 0)
        .map(|(at, place)| {
            let cells = series
                .iter()
                .map(|series| {
                    let value = series.values.get(at).copied().unwrap_or_default();
                    view! { <td class="num">{words::number(value)}</td> }
                })
                .collect_view();
            view! { <tr><th scope="row">{place}</th> {cells}</tr> }
        })
        .collect_view();
    view! {
        <figure class="mt-4">
            <ul class="flex flex-wrap gap-x-4 gap-y-1 text-sm">{legend}</ul>
            <p class="hint num mt-3" aria-hidden="true">{words::number(most)}</p>
            <svg
                class="chart mt-1"
                viewBox=box_
                preserveAspectRatio="none"
                role="img"
                aria-label=format!("{label}: {}", spoken.join(", "))
            >
                {columns}
            </svg>
            <p class="hint num mt-1 flex justify-between" aria-hidden="true">
                <span>{first}</span>
                <span>{last}</span>
            </p>
            <details class="mt-3 text-sm">
                <summary class="link cursor-pointer">{tr!(chart.numbers)}</summary>
                // Wider than a telephone it scrolls, by keyboard as well.
                <div class="mt-2 overflow-x-auto" tabindex="0" role="region" aria-label=label>
                    <table class="numbers">
                        <caption class="sr-only">{label}</caption>
                        <thead><tr><th scope="col">{place}</th> {heads}</tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </details>
        </figure>
    }
}

/// Bars beside each other's names and numbers, which say all of it.
#[component]
pub fn Bars(
    /// Name and number of each, and whether there are more than that.
    bars: Vec<(&'static str, model::customer::Count)>,
) -> impl IntoView {
    let most = bars.iter().map(|(_, count)| count.number).max().unwrap_or_default().max(1);
    let bars = bars
        .into_iter()
        .map(|(name, count)| {
            let width = format!("{:.2}", share(count.number, most));
            view! {
                <div class="grid grid-cols-[minmax(0,1fr)_auto] items-baseline gap-x-4 gap-y-1 text-sm">
                    <dt>{name}</dt>
                    <dd class="num font-semibold">{words::count(count)}</dd>
                    <dd class="col-span-2" aria-hidden="true">
                        <svg class="bar block" viewBox="0 0 100 1" preserveAspectRatio="none">
                            <rect class="series-none" width="100" height="1" />
                            <rect class="series-1" width=width height="1" />
                        </svg>
                    </dd>
                </div>
            }
        })
        .collect_view();
    view! { <dl class="mt-4 grid gap-4">{bars}</dl> }
}

/// A part of a whole; the sentence beside it says how much.
#[component]
pub fn Share(
    /// How many are part of it.
    part: u32,
    /// Of how many.
    whole: u32,
    /// Its height, and the room above it.
    #[prop(default = "bar bar-thick mt-4")]
    class: &'static str,
) -> impl IntoView {
    let width = format!("{:.2}", share(part, whole.max(1)));
    view! {
        <svg class=class viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
            <rect class="series-none" width="100" height="1" />
            <rect class="series-3" width=width height="1" />
        </svg>
    }
}

/// How much a part is of a whole, in hundredths.
fn share(part: u32, whole: u32) -> f64 {
    f64::from(part) * f64::from(UNIT) / f64::from(whole)
}
