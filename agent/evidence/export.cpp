#include "evidence/export.hpp"

#include <algorithm>
#include <string>
#include <system_error>

#include "base/encoding.hpp"
#include "codec/bundle_codec.hpp"
#include "evidence/export_layout.hpp"
#include "host/files.hpp"
#include "model/limits.hpp"

namespace agent {

std::filesystem::path folder_of_day(WallTime time) {
    auto date = format_rfc3339(time).substr(0, 10);
    std::ranges::replace(date, '-', '/');
    return date;
}

namespace {

// True: written. False: it was there, byte for byte.
Result<bool> write_once(const std::filesystem::path& file, std::string_view content) {
    const auto there = read_file(file, limits::bundle_bytes);
    if (there.has_value()) {
        if (there.value() == content) return false;
        return Error{Errc::refused, file.string() + ": holds other bytes than the evidence; export to another folder"};
    }
    if (there.error().code() != Errc::not_found) return there.error();
    AGENT_TRY(replace_file(file, content, FileAttributes{.mode = 0644, .uid = {}, .gid = {}}));
    return true;
}

Result<> export_one(const StoredBundle& stored, const std::filesystem::path& root, ExportFigures& figures) {
    // Bytes that this version cannot read are evidence all the same: they go by the day they were recorded.
    const auto summary = parse_bundle(stored.bundle.bytes);
    const auto day = folder_of_day(summary.has_value() ? summary.value().timestamp_end : stored.bundle.created_at);
    const auto folder = root / day / stored.bundle.bundle_id.str();
    AGENT_TRY(make_directory(folder, 0755));
    // The signature first: a bundle.json that is there has all that verifies it.
    AGENT_TRY(const bool new_signature, write_once(folder / signature_file, text_of(stored.bundle.signature)));
    AGENT_TRY(const bool new_bundle, write_once(folder / bundle_file, stored.bundle.bytes));
    bool new_receipt = false;
    if (stored.receipt) {
        AGENT_TRY(new_receipt, write_once(folder / receipt_file, *stored.receipt));
        ++figures.receipts;
    }
    ++figures.bundles;
    if (!new_signature && !new_bundle && !new_receipt) ++figures.unchanged;
    return ok();
}

}  // namespace

Result<ExportFigures> export_evidence(EvidenceLog& evidence, const std::filesystem::path& directory) {
    std::error_code failure;
    std::filesystem::create_directories(directory, failure);
    const auto root = failure ? directory : std::filesystem::canonical(directory, failure);
    if (failure) return Error{Errc::storage, directory.string() + ": " + failure.message()};
    ExportFigures figures;
    std::int64_t position = 0;
    for (;;) {
        AGENT_TRY(const auto stored, evidence.next(position));
        if (!stored) return figures;
        AGENT_TRY(in_context(export_one(*stored, root, figures), "bundle " + stored->bundle.bundle_id.str()));
        position = stored->position;
    }
}

}  // namespace agent
