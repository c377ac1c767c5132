#include "drift/patching/patching_notes.hpp"

#include "codec/json.hpp"

namespace agent {

PatchingNotes read_patching_notes(std::string_view notes) {
    const auto parsed = parse_json(notes);
    if (parsed.has_error()) return {};
    const auto& value = parsed.value();
    return {read_sightings(value), read_dues(value.find("due")), read_kept_answer(value.find("apt")),
            read_whole_look(value.find("processes"))};
}

std::string write_patching_notes(const PatchingNotes& notes) {
    auto value = write_sightings(notes.sightings);
    value.set("due", write_dues(notes.dues));
    if (notes.apt) value.set("apt", write_kept_answer(*notes.apt));
    if (notes.processes) value.set("processes", write_whole_look(*notes.processes));
    return write_json(value);
}

}  // namespace agent
