#include "healing/signed_catalogue.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "codec/envelope.hpp"
#include "codec/json.hpp"
#include "codec/members.hpp"
#include "host/files.hpp"
#include "model/order.hpp"

namespace agent {
namespace {

Result<> verify_catalogue(const SignedEnvelope& envelope, const std::vector<PublicKey>& keys) {
    const auto signed_bytes = pre_authentication_encoding(envelope.payload_type, envelope.payload);
    bool is_signed = false;
    for (const auto& signature : envelope.signatures)
        for (const auto& key : keys) {
            if (key.key_id().str() != signature.key_id) continue;
            AGENT_TRY(in_context(key.verify(signed_bytes, signature.bytes),
                                 "the signature of key " + signature.key_id + " is bad"));
            is_signed = true;
        }
    if (is_signed) return ok();
    std::string text = "no signature is of a key in healing.catalogue_keys";
    for (const auto& signature : envelope.signatures)
        text += (&signature == &envelope.signatures.front() ? "; it is signed by " : ", ") +
                agent::quoted(signature.key_id, 64);
    return Error{Errc::untrusted, std::move(text)};
}

Result<ListedRunbook> read_line(const Value& value, std::string key) {
    AGENT_TRY(const auto members, Members::of(value, std::move(key)));
    AGENT_TRY(members.only({"file", "id", "sha256"}));
    ListedRunbook line;
    AGENT_TRY(line.file, members.string("file"));
    AGENT_TRY(auto id, members.string("id"));
    if (!is_runbook_id(id)) return members.fault("id", "not the id of a runbook");
    line.id = RunbookId{std::move(id)};
    AGENT_TRY(line.sha256, members.sha256("sha256"));
    return line;
}

Result<SignedRunbooks> read_signed(std::string_view payload) {
    AGENT_TRY(const auto value, parse_json(payload));
    AGENT_TRY(const auto members, Members::of(value, {}));
    AGENT_TRY(members.only({"issued_at", "runbooks"}));
    AGENT_TRY(const auto* lines, members.array("runbooks"));
    SignedRunbooks read;
    if (members.find("issued_at") != nullptr) {
        AGENT_TRY(read.issued_at, members.time("issued_at"));
    }
    auto& list = read.list;
    for (const auto& item : *lines) {
        const auto key = "runbooks[" + std::to_string(list.size()) + ']';
        AGENT_TRY(auto line, read_line(item, key));
        const auto same = [&](const ListedRunbook& other) { return other.file == line.file || other.id == line.id; };
        if (std::ranges::any_of(list, same))
            return Error{Errc::malformed, key + ": its file or its id is listed already: " + agent::quoted(line.file) +
                                              ", " + line.id.str()};
        list.push_back(std::move(line));
    }
    return read;
}

}  // namespace

std::string name_in_list(const std::filesystem::path& directory, const std::filesystem::path& file) {
    return file.lexically_relative(directory).generic_string();
}

Result<SignedRunbooks> open_catalogue(std::string_view envelope, const std::vector<PublicKey>& keys) {
    AGENT_TRY(const auto parsed, in_context(parse_envelope(envelope), "it is no envelope, or not the whole of one"));
    if (parsed.payload_type != runbooks_payload_type)
        return Error{Errc::malformed, "payloadType: " + agent::quoted(parsed.payload_type) + " is not " +
                                          std::string{runbooks_payload_type}};
    AGENT_TRY(verify_catalogue(parsed, keys));
    return read_signed(parsed.payload);
}

Result<SignedRunbooks> load_catalogue(const std::filesystem::path& file, const std::vector<PublicKey>& keys) {
    AGENT_TRY(const auto envelope, read_file(file, catalogue_bytes_most));
    return in_context(open_catalogue(envelope, keys), file.string());
}

std::string sign_catalogue(const RunbookList& list, WallTime issued_at, const std::vector<PrivateKey>& keys) {
    Value::Array lines;
    for (const auto& line : list)
        lines.push_back(Value::object({{"file", line.file}, {"id", line.id.str()}, {"sha256", line.sha256}}));
    const auto payload =
        write_json(Value::object({{"issued_at", format_rfc3339(issued_at)}, {"runbooks", std::move(lines)}}));
    const auto to_sign = pre_authentication_encoding(runbooks_payload_type, payload);
    std::vector<EnvelopeSignature> signatures;
    for (const auto& key : keys) {
        const auto signature = key.sign(to_sign);
        signatures.push_back({key.public_key().key_id().str(), std::string{text_of(signature)}});
    }
    return write_envelope(runbooks_payload_type, payload, signatures);
}

Result<const ListedRunbook*> find_approved(const RunbookList& list, std::string_view file, std::string_view sha256) {
    const auto line = std::ranges::find(list, file, &ListedRunbook::file);
    if (line == list.end())
        return Error{Errc::untrusted, "not in the signed catalogue; its SHA-256 is " + std::string{sha256} +
                                          ". Take it away, or review it and sign the folder (runbook sign)"};
    if (line->sha256 != sha256)
        return Error{Errc::untrusted,
                     "not as signed: its SHA-256 is " + std::string{sha256} + ", and the signed catalogue has " +
                         line->sha256 + " for " + line->id.str() +
                         ". Put the signed file back, or review it and sign the folder (runbook sign)"};
    return &*line;
}

}  // namespace agent
