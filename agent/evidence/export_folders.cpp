#include "evidence/export_folders.hpp"

#include <algorithm>
#include <system_error>

#include "base/text.hpp"
#include "evidence/export_layout.hpp"

namespace agent {
namespace {

namespace fs = std::filesystem;

constexpr int depth_of_bundles = 4;  // YYYY/MM/DD/<bundle_id>

class Walk {
public:
    explicit Walk(fs::path root) : root_{std::move(root)} {}

    [[nodiscard]] std::error_code enter(const fs::path& folder, int depth) {
        std::error_code failure;
        std::vector<fs::directory_entry> entries;
        for (fs::directory_iterator entry{folder, failure}, end; !failure && entry != end; entry.increment(failure))
            entries.push_back(*entry);
        if (failure) return failure;
        std::ranges::sort(entries);

        BundleFolder bundle{.path = folder};
        for (const auto& entry : entries) look_at(entry, depth, bundle);
        const bool named_as_bundle = depth == depth_of_bundles;
        if (named_as_bundle || bundle.bundle || bundle.signature || bundle.receipt)
            found_.folders.push_back(std::move(bundle));
        return {};
    }

    [[nodiscard]] ExportFolders take() {
        std::ranges::sort(found_.folders, {}, &BundleFolder::path);
        return std::move(found_);
    }

private:
    void fault(const fs::path& path, std::string why) {
        found_.faults.push_back({agent::quoted(path.lexically_relative(root_).string()), "file", std::move(why)});
    }

    void look_at(const fs::directory_entry& entry, int depth, BundleFolder& bundle) {
        std::error_code failure;
        const auto kind = entry.symlink_status(failure).type();
        const auto name = entry.path().filename().string();
        if (failure) return fault(entry.path(), "cannot be looked at: " + failure.message());
        if (kind == fs::file_type::directory) {
            if (depth >= depth_of_bundles) return fault(entry.path(), "a folder inside the folder of a bundle");
            if (const auto unreadable = enter(entry.path(), depth + 1))
                fault(entry.path(), "the folder cannot be read: " + unreadable.message());
            return;
        }
        if (kind != fs::file_type::regular) return fault(entry.path(), "is no regular file");
        if (name == bundle_file)
            bundle.bundle = true;
        else if (name == signature_file)
            bundle.signature = true;
        else if (name == receipt_file)
            bundle.receipt = true;
        else if (depth == 0)
            found_.remarks.push_back("not looked at: " + agent::quoted(name));
        else
            fault(entry.path(), "does not belong to an export");
    }

    fs::path root_;
    ExportFolders found_;
};

}  // namespace

Result<ExportFolders> find_bundle_folders(const fs::path& directory) {
    Walk walk{directory};
    if (const auto failure = walk.enter(directory, 0)) {
        const auto code = failure == std::errc::no_such_file_or_directory ? Errc::not_found : Errc::system;
        return Error{code, directory.string() + ": " + failure.message()};
    }
    return walk.take();
}

}  // namespace agent
