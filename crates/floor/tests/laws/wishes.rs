//! What people wish for in the course of an evening. A wish picks its rows when its turn comes, from those that are
//! there by then, so that most wishes make sense and some don't; `said.rs` puts it into JSON.

use floor::TableStatus;
use proptest::{prelude::*, sample::Index};

/// A wish, and the minute at which it is uttered.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) minute: i64,
    pub(crate) wish: Wish,
}

#[derive(Debug, Clone)]
pub(crate) enum Wish {
    /// One operation, with `If-Match` perhaps.
    One(Deed, Meant),
    /// Several, in either form.
    Several(Vec<(Deed, Meant)>, Form),
    /// Two guests, each to the other's table.
    Swap(Index, Index),
    /// A guest seated by both halves.
    Mirrored { guest: Index, table: Index, table_first: bool },
    /// A new guest, seated by the table's half at once.
    WalkIn { table: Index },
    /// A table cleared, and its guest seated elsewhere.
    ClearAndMove { guest: Index, table: Index },
    /// A guest whose evening ends, said by both halves.
    End { guest: Index, dirty: bool, table_first: bool },
    /// A row deleted and made again at once.
    Again { guest: bool, row: Index },
    /// The restaurant's custom.
    Custom { dirty_after_finish: bool },
}

/// One operation on one row.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    CreateGuest(GuestBody),
    UpdateGuest(Row, GuestBody),
    DeleteGuest(Row),
    CreateTable(TableBody),
    UpdateTable(Row, TableBody),
    DeleteTable(Row),
}

/// Which row: mostly one that is there.
#[derive(Debug, Clone)]
pub(crate) enum Row {
    There(Index),
    Any(Index),
}

/// Which version the operation is meant for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Meant {
    Any,
    This,
    Another,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    Operations,
    Lists,
}

/// What is said of the other half of a seating.
#[derive(Debug, Clone)]
pub(crate) enum Reference {
    Absent,
    Null,
    Empty,
    Free(Index),
    Any(Index),
}

#[derive(Debug, Clone)]
pub(crate) struct GuestBody {
    pub(crate) table: Reference,
    /// A status, and whether it is to be one that may follow.
    pub(crate) status: Option<(Index, bool)>,
    pub(crate) party_size: Option<u8>,
    pub(crate) overrides: Option<bool>,
    pub(crate) check_in_minute: Option<i64>,
    pub(crate) notes: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct TableBody {
    pub(crate) guest: Reference,
    pub(crate) status: Option<TableStatus>,
    pub(crate) number: Option<u8>,
    pub(crate) capacity: Option<u8>,
    pub(crate) overrides: Option<bool>,
    pub(crate) position: Option<(f64, f64)>,
}

pub(crate) fn asked() -> impl Strategy<Value = Asked> {
    (-200_i64..400, wish()).prop_map(|(minute, wish)| Asked { minute, wish })
}

fn wish() -> impl Strategy<Value = Wish> {
    let index = any::<Index>;
    let form = prop_oneof![3 => Just(Form::Operations), 1 => Just(Form::Lists)];
    prop_oneof![
        20 => (deed(), meant()).prop_map(|(deed, meant)| Wish::One(deed, meant)),
        6 => (prop::collection::vec((deed(), meant()), 1..4), form).prop_map(|(deeds, form)| Wish::Several(deeds, form)),
        3 => (index(), index()).prop_map(|(one, other)| Wish::Swap(one, other)),
        2 => (index(), index(), any::<bool>())
            .prop_map(|(guest, table, table_first)| Wish::Mirrored { guest, table, table_first }),
        2 => index().prop_map(|table| Wish::WalkIn { table }),
        2 => (index(), index()).prop_map(|(guest, table)| Wish::ClearAndMove { guest, table }),
        1 => (index(), any::<bool>(), any::<bool>())
            .prop_map(|(guest, dirty, table_first)| Wish::End { guest, dirty, table_first }),
        1 => (any::<bool>(), index()).prop_map(|(guest, row)| Wish::Again { guest, row }),
        1 => any::<bool>().prop_map(|dirty_after_finish| Wish::Custom { dirty_after_finish }),
    ]
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => guest_body().prop_map(Deed::CreateGuest),
        12 => (row(), guest_body()).prop_map(|(row, body)| Deed::UpdateGuest(row, body)),
        1 => row().prop_map(Deed::DeleteGuest),
        2 => table_body().prop_map(Deed::CreateTable),
        10 => (row(), table_body()).prop_map(|(row, body)| Deed::UpdateTable(row, body)),
        1 => row().prop_map(Deed::DeleteTable),
    ]
}

fn row() -> impl Strategy<Value = Row> {
    prop_oneof![20 => any::<Index>().prop_map(Row::There), 1 => any::<Index>().prop_map(Row::Any)]
}

fn meant() -> impl Strategy<Value = Meant> {
    prop_oneof![12 => Just(Meant::Any), 3 => Just(Meant::This), 1 => Just(Meant::Another)]
}

fn reference() -> impl Strategy<Value = Reference> {
    prop_oneof![
        8 => Just(Reference::Absent),
        1 => Just(Reference::Null),
        1 => Just(Reference::Empty),
        8 => any::<Index>().prop_map(Reference::Free),
        2 => any::<Index>().prop_map(Reference::Any),
    ]
}

fn maybe<S: Strategy>(share: f64, value: S) -> impl Strategy<Value = Option<S::Value>> {
    prop::option::weighted(share, value)
}

fn guest_body() -> impl Strategy<Value = GuestBody> {
    (
        reference(),
        maybe(0.5, (any::<Index>(), prop::bool::weighted(0.85))),
        maybe(0.2, 1_u8..7),
        maybe(0.2, any::<bool>()),
        maybe(0.1, -200_i64..400),
        maybe(0.4, "[a-z]{0,3}"),
    )
        .prop_map(|(table, status, party_size, overrides, check_in_minute, notes)| GuestBody {
            table,
            status,
            party_size,
            overrides,
            check_in_minute,
            notes,
        })
}

fn table_body() -> impl Strategy<Value = TableBody> {
    let status = prop_oneof![
        6 => Just(TableStatus::Available),
        2 => Just(TableStatus::Reserved),
        2 => Just(TableStatus::Occupied),
        2 => Just(TableStatus::Dirty),
        1 => Just(TableStatus::OutOfService),
    ];
    (
        reference(),
        maybe(0.3, status),
        maybe(0.2, 0_u8..7),
        maybe(0.2, 1_u8..9),
        maybe(0.2, any::<bool>()),
        maybe(0.4, (0.0..=1.0, 0.0..=1.0)),
    )
        .prop_map(|(guest, status, number, capacity, overrides, position)| TableBody {
            guest,
            status,
            number,
            capacity,
            overrides,
            position,
        })
}
