//! What is really sent of the notices: who carries them takes posts and says what each was
//! answered.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Notice;
use crate::practice::Practice;
use crate::truth::{About, Telling};

/// One sending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Post {
    pub about: About,
    /// How long it is on its way before it arrives, in ms.
    pub delay_ms: u32,
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// What it is answered is for [`Practice::notice_answered`]; of any other post it is nothing.
    pub counts: bool,
}

/// What is known of the posts, until the program ends.
#[derive(Debug, Default)]
pub(crate) struct Posted {
    /// Taken and not answered yet.
    on_its_way: BTreeSet<About>,
}

impl Posted {
    /// A post was answered, or nobody carries it any more.
    pub(super) fn over(&mut self, about: &About) {
        self.on_its_way.remove(about);
    }
}

impl Practice {
    /// Takes what is to be sent by a time to the addresses that can be reached. A notice is taken
    /// once, until [`Practice::notice_answered`] or [`Practice::put_back`].
    pub fn posts(&mut self, now_ms: i64, reaches: impl Fn(&str) -> bool) -> Vec<Post> {
        let now_ms = self.at(now_ms);
        let mut due = self.due_notices(now_ms);
        due.retain(|notice| {
            reaches(&notice.url) && !self.posted.on_its_way.contains(&notice.about)
        });
        due.into_iter().flat_map(|notice| self.post(notice)).collect()
    }

    /// Returns when there is something to take again.
    pub fn next_post_ms(&self, reaches: impl Fn(&str) -> bool) -> Option<i64> {
        let open = |telling: &&Telling| {
            reaches(&telling.url) && !self.posted.on_its_way.contains(&telling.about)
        };
        let tellings = self.truth().notices().filter(open);
        tellings.filter_map(|telling| self.due_ms(telling)).min()
    }

    /// Gives back a notice that was taken and that nobody carries any more: it is due again.
    pub fn put_back(&mut self, about: &About) {
        self.posted.over(about);
    }

    fn post(&mut self, notice: Notice) -> Vec<Post> {
        self.posted.on_its_way.insert(notice.about.clone());
        vec![Post {
            about: notice.about,
            delay_ms: 0,
            url: notice.url,
            headers: notice.headers,
            body: notice.body,
            counts: true,
        }]
    }
}
