//! Where a reset applies, place by place, and how far it is there.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use model::{
    connector::Reason,
    id::ResetId,
    reset::{ResetProgress, ResetState, TargetKind, TargetState, TargetView},
};

use crate::{api::overview::view_reset_progress, i18n::tr, words};

/// How often one looks how far a reset is.
const LOOK: Duration = Duration::from_secs(1);

/// A reset that may go on while one looks at it.
#[derive(Clone, Copy)]
pub struct LiveReset {
    live: RwSignal<Option<(ResetId, ResetProgress)>>,
    /// Counts up when the reset has got into another state: the rest of the page is asked for again.
    pub turned: RwSignal<u32>,
}

impl LiveReset {
    /// One of which nothing is known yet.
    pub fn unknown() -> Self {
        Self { live: RwSignal::new(None), turned: RwSignal::new(0) }
    }

    /// Looks again and again how far a reset is that the page was made with, as long as it moves.
    /// Without code nothing moves, and the page says how to look again.
    pub fn follow(self, reset: ResetId, first: &ResetProgress) {
        let Self { live, .. } = self;
        let first = first.clone();
        Effect::new(move || live.set(Some((reset, first.clone()))));
        let moving = Memo::new(move |_| {
            live.with(|live| {
                live.as_ref().is_some_and(|(id, progress)| *id == reset && moves(progress))
            })
        });
        Effect::new(move || {
            if !moving.get() {
                return;
            }
            let look = move || spawn_local(async move { self.look(reset).await });
            if let Ok(handle) = set_interval_with_handle(look, LOOK) {
                on_cleanup(move || handle.clear());
            }
        });
    }

    async fn look(self, reset: ResetId) {
        // An answer that does not come is asked for again in a second.
        let Ok(progress) = view_reset_progress(reset).await else { return };
        let before = self.live.try_get_untracked().flatten().map(|(_, progress)| progress.state);
        let now = progress.state;
        // The page may have gone meanwhile.
        if self.live.try_set(Some((reset, progress))).is_none() && before != Some(now) {
            self.turned.try_update(|turned| *turned += 1);
        }
    }

    /// The places as they stand, beginning with what the page was made with. It outlives the part of
    /// the page that shows them, which is made anew when the reset gets into another state.
    fn now(self, reset: ResetId, first: Vec<TargetView>) -> ArcSignal<Vec<TargetView>> {
        let Self { live, .. } = self;
        ArcSignal::derive(move || {
            live.with(|live| match live {
                Some((id, progress)) if *id == reset => progress.targets.clone(),
                _ => first.clone(),
            })
        })
    }
}

/// Whether it may stand elsewhere in a moment.
fn moves(progress: &ResetProgress) -> bool {
    progress.state == ResetState::Applying
        || progress.state == ResetState::NeedsAttention && progress.kept
}

/// The places of a reset.
#[component]
pub fn Places(
    /// Which.
    reset: ResetId,
    /// How far it was when the page was made.
    progress: ResetProgress,
    /// What follows it.
    live: LiveReset,
    /// The page itself, to be loaded again where no code does it.
    path: String,
) -> impl IntoView {
    live.follow(reset, &progress);
    let is_moving = moves(&progress);
    let targets = live.now(reset, progress.targets);
    let lines = move || {
        targets.get().into_iter().map(|target| view! { <PlaceLine target /> }).collect_view()
    };
    view! {
        <div role="status">
            <dl class="facts mt-0">{lines}</dl>
        </div>
        {is_moving
            .then(|| view! { <p class="hint plain-only"><a class="link" href=path rel="external">{tr!(job.look_again)}</a></p> })}
    }
}

/// One place, and how far it is there.
#[component]
fn PlaceLine(target: TargetView) -> impl IntoView {
    let text = told(&target);
    let class = match target.state {
        TargetState::Applied => "state state-ok",
        TargetState::Waiting | TargetState::Applying => "state state-warn",
        TargetState::Refused | TargetState::NotSent | TargetState::Unknown => "state state-bad",
        TargetState::GivenUp => "state state-quiet",
    };
    view! {
        <div class="fact">
            <dt class="hint break-words">{place_name(&target)}</dt>
            <dd class="min-w-0">
                <span class=class>{words::target_state(target.state)}</span>
                {text.map(|text| view! { <span class="hint block mt-1 text-pretty">{text}</span> })}
            </dd>
        </div>
    }
}

/// What a place is called.
pub fn place_name(target: &TargetView) -> String {
    match (target.kind, &target.system, &target.account) {
        (TargetKind::Portal, ..) => tr!(desk.portal).into(),
        (TargetKind::ServiceAccount, Some(system), Some(account)) => {
            tr!(places.named, system = system.to_string(), account = account.clone())
        }
        (TargetKind::ServiceAccount, ..) => tr!(places.unlinked).into(),
    }
}

/// What more there is to say of a place.
pub fn told(target: &TargetView) -> Option<String> {
    let why = target.reason.map(words::reason);
    match (target.state, target.reason) {
        (TargetState::Unknown, why_not) => {
            let why = why_not.filter(|reason| *reason != Reason::NotVerified).map(words::reason);
            Some(
                [Some(tr!(places.unknown)), why]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(" "),
            )
        }
        (TargetState::GivenUp, _) => Some(tr!(places.given_up).into()),
        _ => why.map(Into::into),
    }
}
