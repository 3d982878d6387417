//! The register of a restaurant's devices and of the codes by which they are let in, as one change to it sees it. It knows
//! what is there and notes down what is to become of it, for the store to put in the same transaction. How long a code
//! lives, and how many there may be, is said where pairing is.

use floor::Id;

use crate::access::{Device, PairingCode};

/// The register, while it is being changed.
pub(crate) struct Register {
    /// The codes that are open.
    codes: Vec<OpenCode>,
    /// How many devices are in it, those that were sent away included.
    devices: u64,
    /// Of those that were sent away, the one that was first.
    first_revoked: Option<Id>,
    /// The device that the change is about, if it is about one that is there.
    device: Option<Device>,
    edits: Vec<Edit>,
}

/// A code that is open.
#[derive(Debug, Clone)]
pub(crate) struct OpenCode {
    pub(crate) code: PairingCode,
    /// Who asked for it.
    pub(crate) made_by: Option<String>,
    /// Wrong codes tried since it was made.
    pub(crate) failures: u32,
}

/// Something to be put.
pub(super) enum Edit {
    OpenCode(OpenCode),
    /// Drops a code.
    DropCode(String),
    /// Counts a wrong guess against every open code.
    CountFailure,
    /// A new device, with a digest of its token.
    AddDevice(Device, [u8; 32]),
    /// Puts what has changed of a device.
    PutDevice(Device),
    DropDevice(Id),
    /// Has everyone who listens prove that they still may.
    DoubtAccess,
}

impl Register {
    pub(super) fn new(codes: Vec<OpenCode>, devices: u64, first_revoked: Option<Id>, device: Option<Device>) -> Self {
        Self { codes, devices, first_revoked, device, edits: Vec::new() }
    }

    pub(crate) fn codes(&self) -> &[OpenCode] {
        &self.codes
    }

    /// Drops the codes of which this is true.
    pub(crate) fn drop_codes(&mut self, goes: impl Fn(&OpenCode) -> bool) {
        let (dropped, kept) = std::mem::take(&mut self.codes).into_iter().partition(goes);
        self.codes = kept;
        let dropped: Vec<OpenCode> = dropped;
        self.edits.extend(dropped.into_iter().map(|open| Edit::DropCode(open.code.code)));
    }

    pub(crate) fn open_code(&mut self, open: OpenCode) {
        self.codes.push(open.clone());
        self.edits.push(Edit::OpenCode(open));
    }

    /// Takes a code out, so that it is used once only.
    pub(crate) fn take_code(&mut self, code: &str) -> Option<OpenCode> {
        let index = self.codes.iter().position(|open| open.code.code == code)?;
        self.edits.push(Edit::DropCode(code.to_owned()));
        Some(self.codes.swap_remove(index))
    }

    /// Counts a wrong guess against every open code.
    pub(crate) fn count_failure(&mut self) {
        self.edits.push(Edit::CountFailure);
    }

    /// How many devices there are, those that were sent away included.
    pub(crate) fn devices(&self) -> u64 {
        self.devices
    }

    /// Forgets the device that was sent away first; says no if none was.
    pub(crate) fn drop_first_revoked(&mut self) -> bool {
        let dropped = self.first_revoked.take();
        self.devices -= u64::from(dropped.is_some());
        let is_dropped = dropped.is_some();
        self.edits.extend(dropped.map(Edit::DropDevice));
        is_dropped
    }

    /// Lets a device in that shows itself by a token of this digest.
    pub(crate) fn add_device(&mut self, device: Device, token: [u8; 32]) {
        self.devices += 1;
        self.edits.push(Edit::AddDevice(device, token));
    }

    /// The device that the change is about.
    pub(crate) fn device(&self) -> Option<&Device> {
        self.device.as_ref()
    }

    /// Puts what has changed of the device that the change is about.
    pub(crate) fn put_device(&mut self, device: Device) {
        self.device = Some(device.clone());
        self.edits.push(Edit::PutDevice(device));
    }

    /// Has everyone who listens prove that they still may, once this is committed.
    pub(crate) fn doubt_access(&mut self) {
        self.edits.push(Edit::DoubtAccess);
    }

    /// What is to be put, in this order.
    pub(super) fn into_edits(self) -> Vec<Edit> {
        self.edits
    }
}
