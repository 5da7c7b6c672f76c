//! The predefined extensions of section 6: parts of a cyber-observable object under a key.
//!
//! Invariant: as in the standard; each key belongs to one object type, which names its table.

use crate::spec::form;
use crate::spec::vocab;
use crate::spec::{
    Demand, Entries, HashNames, Keys, Kind, Precision, Table, Targets, must, optional, required,
};

/// All of them.
pub static ALL: &[&Table] = &[
    &ARCHIVE,
    &NTFS,
    &PDF,
    &RASTER_IMAGE,
    &WINDOWS_PEBINARY,
    &HTTP_REQUEST,
    &ICMP,
    &SOCKET,
    &TCP,
    &WINDOWS_PROCESS,
    &WINDOWS_SERVICE,
    &UNIX_ACCOUNT,
];

const COUNT: Kind = Kind::Integer(0, i64::MAX);
const ANY_INTEGER: Kind = Kind::Integer(i64::MIN, i64::MAX);
const HASHES: Kind = Kind::Hashes(HashNames::Open);

/// Section 6.7.2.
pub static ARCHIVE: Table = Table {
    name: "archive-ext",
    section: "6.7.2",
    properties: &[
        required(
            "contains_refs",
            Kind::List(&Kind::Identifier(Targets::Of(&["file", "directory"]))),
        ),
        optional("comment", Kind::String),
    ],
    rules: &[],
};

/// Section 6.7.3.
pub static NTFS: Table = Table {
    name: "ntfs-ext",
    section: "6.7.3",
    properties: &[
        optional("sid", Kind::String),
        optional("alternate_data_streams", Kind::List(&Kind::Embedded(&ALTERNATE_DATA_STREAM))),
    ],
    rules: &[must("6.7.3", "no-own-property", Demand::AnyOwnProperty(""))],
};

/// Section 6.7.3.2.
pub static ALTERNATE_DATA_STREAM: Table = Table {
    name: "alternate-data-stream-type",
    section: "6.7.3.2",
    properties: &[
        required("name", Kind::String),
        optional("hashes", HASHES),
        optional("size", COUNT),
    ],
    rules: &[],
};

/// Section 6.7.4.
pub static PDF: Table = Table {
    name: "pdf-ext",
    section: "6.7.4",
    properties: &[
        optional("version", Kind::String),
        optional("is_optimized", Kind::Boolean),
        optional(
            "document_info_dict",
            Kind::Dictionary(Keys::Named(Some(&form::PDF_INFORMATION_KEY)), Entries::Strings),
        ),
        optional("pdfid0", Kind::String),
        optional("pdfid1", Kind::String),
    ],
    rules: &[must("6.7.4", "no-own-property", Demand::AnyOwnProperty(""))],
};

/// Section 6.7.5.
pub static RASTER_IMAGE: Table = Table {
    name: "raster-image-ext",
    section: "6.7.5",
    properties: &[
        optional("image_height", ANY_INTEGER),
        optional("image_width", ANY_INTEGER),
        optional("bits_per_pixel", ANY_INTEGER),
        optional("exif_tags", Kind::Dictionary(Keys::Named(None), Entries::StringsOrIntegers)),
    ],
    rules: &[must("6.7.5", "no-own-property", Demand::AnyOwnProperty(""))],
};

/// Section 6.7.6.
pub static WINDOWS_PEBINARY: Table = Table {
    name: "windows-pebinary-ext",
    section: "6.7.6",
    properties: &[
        required("pe_type", Kind::OpenVocabulary(&vocab::WINDOWS_PEBINARY_TYPE)),
        optional("imphash", Kind::String),
        optional("machine_hex", Kind::Hex),
        optional("number_of_sections", COUNT),
        optional("time_date_stamp", Kind::Timestamp(Precision::Second)),
        optional("pointer_to_symbol_table_hex", Kind::Hex),
        optional("number_of_symbols", COUNT),
        optional("size_of_optional_header", COUNT),
        optional("characteristics_hex", Kind::Hex),
        optional("file_header_hashes", HASHES),
        optional("optional_header", Kind::Embedded(&PE_OPTIONAL_HEADER)),
        optional("sections", Kind::List(&Kind::Embedded(&PE_SECTION))),
    ],
    rules: &[must("6.7.6", "no-own-property", Demand::AnyOwnProperty("pe_type"))],
};

/// Section 6.7.6.2.
pub static PE_OPTIONAL_HEADER: Table = Table {
    name: "windows-pe-optional-header-type",
    section: "6.7.6.2",
    properties: &[
        optional("magic_hex", Kind::Hex),
        optional("major_linker_version", ANY_INTEGER),
        optional("minor_linker_version", ANY_INTEGER),
        optional("size_of_code", COUNT),
        optional("size_of_initialized_data", COUNT),
        optional("size_of_uninitialized_data", COUNT),
        optional("address_of_entry_point", ANY_INTEGER),
        optional("base_of_code", ANY_INTEGER),
        optional("base_of_data", ANY_INTEGER),
        optional("image_base", ANY_INTEGER),
        optional("section_alignment", ANY_INTEGER),
        optional("file_alignment", ANY_INTEGER),
        optional("major_os_version", ANY_INTEGER),
        optional("minor_os_version", ANY_INTEGER),
        optional("major_image_version", ANY_INTEGER),
        optional("minor_image_version", ANY_INTEGER),
        optional("major_subsystem_version", ANY_INTEGER),
        optional("minor_subsystem_version", ANY_INTEGER),
        optional("win32_version_value_hex", Kind::Hex),
        optional("size_of_image", COUNT),
        optional("size_of_headers", COUNT),
        optional("checksum_hex", Kind::Hex),
        optional("subsystem_hex", Kind::Hex),
        optional("dll_characteristics_hex", Kind::Hex),
        optional("size_of_stack_reserve", COUNT),
        optional("size_of_stack_commit", COUNT),
        optional("size_of_heap_reserve", COUNT),
        optional("size_of_heap_commit", COUNT),
        optional("loader_flags_hex", Kind::Hex),
        optional("number_of_rva_and_sizes", ANY_INTEGER),
        optional("hashes", HASHES),
    ],
    rules: &[must("6.7.6.2", "no-own-property", Demand::AnyOwnProperty(""))],
};

/// Section 6.7.6.3.
pub static PE_SECTION: Table = Table {
    name: "windows-pe-section-type",
    section: "6.7.6.3",
    properties: &[
        required("name", Kind::String),
        optional("size", COUNT),
        optional("entropy", Kind::Float(f64::MIN, f64::MAX)),
        optional("hashes", HASHES),
    ],
    rules: &[],
};

/// Section 6.12.2.
pub static HTTP_REQUEST: Table = Table {
    name: "http-request-ext",
    section: "6.12.2",
    properties: &[
        required("request_method", Kind::String),
        required("request_value", Kind::String),
        optional("request_version", Kind::String),
        optional(
            "request_header",
            Kind::Dictionary(Keys::Named(Some(&form::HTTP_FIELD_NAME)), Entries::StringLists),
        ),
        optional("message_body_length", ANY_INTEGER),
        optional("message_body_data_ref", Kind::Identifier(Targets::Of(&["artifact"]))),
    ],
    rules: &[],
};

/// Section 6.12.3.
pub static ICMP: Table = Table {
    name: "icmp-ext",
    section: "6.12.3",
    properties: &[required("icmp_type_hex", Kind::Hex), required("icmp_code_hex", Kind::Hex)],
    rules: &[],
};

/// Section 6.12.4.
pub static SOCKET: Table = Table {
    name: "socket-ext",
    section: "6.12.4",
    properties: &[
        required("address_family", Kind::Enumeration(&vocab::SOCKET_ADDRESS_FAMILY)),
        optional("is_blocking", Kind::Boolean),
        optional("is_listening", Kind::Boolean),
        optional(
            "options",
            Kind::Dictionary(Keys::Named(Some(&form::SOCKET_OPTION)), Entries::Integers),
        ),
        optional("socket_type", Kind::Enumeration(&vocab::SOCKET_TYPE)),
        optional("socket_descriptor", COUNT),
        optional("socket_handle", ANY_INTEGER),
    ],
    rules: &[],
};

/// Section 6.12.5.
pub static TCP: Table = Table {
    name: "tcp-ext",
    section: "6.12.5",
    properties: &[optional("src_flags_hex", Kind::Hex), optional("dst_flags_hex", Kind::Hex)],
    rules: &[must("6.12.5", "no-own-property", Demand::AnyOwnProperty(""))],
};

/// Section 6.13.2. `windows_title` is what Errata 01 calls `window_title`.
pub static WINDOWS_PROCESS: Table = Table {
    name: "windows-process-ext",
    section: "6.13.2",
    properties: &[
        optional("aslr_enabled", Kind::Boolean),
        optional("dep_enabled", Kind::Boolean),
        optional("priority", Kind::Text(&form::PRIORITY_CLASS)),
        optional("owner_sid", Kind::String),
        optional("window_title", Kind::String),
        optional("windows_title", Kind::String),
        optional("startup_info", Kind::Dictionary(Keys::Named(None), Entries::Any)),
        optional("integrity_level", Kind::Enumeration(&vocab::WINDOWS_INTEGRITY_LEVEL)),
    ],
    rules: &[must("6.13.2", "no-own-property", Demand::AnyOwnProperty(""))],
};

/// Section 6.13.3.
pub static WINDOWS_SERVICE: Table = Table {
    name: "windows-service-ext",
    section: "6.13.3",
    properties: &[
        optional("service_name", Kind::String),
        optional("descriptions", Kind::List(&Kind::String)),
        optional("display_name", Kind::String),
        optional("group_name", Kind::String),
        optional("start_type", Kind::Enumeration(&vocab::WINDOWS_SERVICE_START_TYPE)),
        optional("service_dll_refs", Kind::List(&Kind::Identifier(Targets::Of(&["file"])))),
        optional("service_type", Kind::Enumeration(&vocab::WINDOWS_SERVICE_TYPE)),
        optional("service_status", Kind::Enumeration(&vocab::WINDOWS_SERVICE_STATUS)),
    ],
    rules: &[must("6.13.3", "no-own-property", Demand::AnyOwnProperty(""))],
};

/// Section 6.16.2.
pub static UNIX_ACCOUNT: Table = Table {
    name: "unix-account-ext",
    section: "6.16.2",
    properties: &[
        optional("gid", ANY_INTEGER),
        optional("groups", Kind::List(&Kind::String)),
        optional("home_dir", Kind::String),
        optional("shell", Kind::String),
    ],
    rules: &[must("6.16.2", "no-own-property", Demand::AnyOwnProperty(""))],
};
