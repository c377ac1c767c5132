#include "drift/xccdf/xccdf_results.hpp"

#include <expat.h>

#include <array>
#include <optional>
#include <utility>

#include "base/handle.hpp"
#include "drift/xccdf/xccdf_elements.hpp"

namespace agent {
namespace {

constexpr char namespace_end = ' ';
// The oldest that oscap still writes, and the one of IR 7275r4.
constexpr std::array<std::string_view, 2> namespaces{"http://checklists.nist.gov/xccdf/1.1",
                                                     "http://checklists.nist.gov/xccdf/1.2"};
// A tag or a comment longer than this is none of oscap's. Unfinished ones are read again with every piece.
constexpr std::uint64_t token_most = 1024UL * 1024UL;

std::string_view local_name(std::string_view name) {
    const auto end = name.rfind(namespace_end);
    if (end == std::string_view::npos) return {};
    for (const auto known : namespaces)
        if (name.substr(0, end) == known) return name.substr(end + 1);
    return {};
}

XmlAttributes attributes_of(const XML_Char** pairs) {
    XmlAttributes attributes;
    for (; pairs[0] != nullptr; pairs += 2) attributes.emplace(pairs[0], pairs[1]);
    return attributes;
}

}  // namespace

// Expat's calls may not throw and end at the first fault.
class XccdfReader::Parser {
public:
    Parser() : expat_{XML_ParserCreateNS(nullptr, namespace_end)} {
        if (!expat_) {
            elements_.refuse("no memory left to read results");
            return;
        }
        XML_SetUserData(expat_.get(), this);
        XML_SetElementHandler(expat_.get(), &Parser::on_start, &Parser::on_end);
        XML_SetCharacterDataHandler(expat_.get(), &Parser::on_text);
        XML_SetStartDoctypeDeclHandler(expat_.get(), &Parser::on_doctype);
    }

    Result<> parse(std::string_view piece, int is_last) {
        if (elements_.fault()) return *elements_.fault();
        const auto status = XML_Parse(expat_.get(), piece.data(), static_cast<int>(piece.size()), is_last);
        if (elements_.fault()) return *elements_.fault();
        if (status != XML_STATUS_OK) {
            const auto line = std::to_string(XML_GetCurrentLineNumber(expat_.get()));
            elements_.refuse("line " + line + ": " + XML_ErrorString(XML_GetErrorCode(expat_.get())));
            return *elements_.fault();
        }
        fed_ += piece.size();
        const auto at = XML_GetCurrentByteIndex(expat_.get());
        if (at >= 0 && fed_ > static_cast<std::uint64_t>(at) + token_most) {
            elements_.refuse("a tag or comment is longer than " + std::to_string(token_most) + " bytes");
            return *elements_.fault();
        }
        return ok();
    }
    Result<XccdfResults> finish() {
        AGENT_TRY(parse({}, XML_TRUE));
        return elements_.finish();
    }

private:
    static void XMLCALL on_start(void* self, const XML_Char* name, const XML_Char** pairs) noexcept {
        auto& parser = *static_cast<Parser*>(self);
        parser.elements_.start(local_name(name), attributes_of(pairs));
        parser.stop_at_fault();
    }
    static void XMLCALL on_end(void* self, const XML_Char*) noexcept {
        auto& parser = *static_cast<Parser*>(self);
        parser.elements_.end();
        parser.stop_at_fault();
    }
    static void XMLCALL on_text(void* self, const XML_Char* text, int length) noexcept {
        static_cast<Parser*>(self)->elements_.text({text, static_cast<std::size_t>(length)});
    }
    static void XMLCALL on_doctype(void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) noexcept {
        auto& parser = *static_cast<Parser*>(self);
        parser.elements_.refuse("a document type declaration is not read");
        parser.stop_at_fault();
    }
    void stop_at_fault() noexcept {
        if (elements_.fault()) static_cast<void>(XML_StopParser(expat_.get(), XML_FALSE));
    }

    XccdfElements elements_;
    Handle<XML_ParserStruct, &XML_ParserFree> expat_;
    std::uint64_t fed_{};
};

XccdfReader::XccdfReader() : parser_{std::make_unique<Parser>()} {}
XccdfReader::~XccdfReader() = default;

Result<> XccdfReader::feed(std::string_view piece) { return parser_->parse(piece, XML_FALSE); }

Result<XccdfResults> XccdfReader::finish() { return parser_->finish(); }

}  // namespace agent
