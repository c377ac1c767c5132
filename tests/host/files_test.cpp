#include "host/files.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "support/temporary_directory.hpp"

namespace agent {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr uid_t nobody = 65534;

std::string content_of(const fs::path& file) {
    std::ifstream stream{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
}

std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator{folder}) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
}

// Runs `work` in a process of its own as an ordinary user and gives back what it returns.
std::string as_nobody(const std::function<std::string()>& work) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) return "no pipe";
    const pid_t pid = fork();
    if (pid == 0) {
        std::string text = "could not drop rights";
        if (setresgid(nobody, nobody, nobody) == 0 && setresuid(nobody, nobody, nobody) == 0) text = work();
        const auto written = write(ends[1], text.data(), text.size());
        _exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
    }
    close(ends[1]);
    std::array<char, 1024> text{};
    const auto count = read(ends[0], text.data(), text.size());
    close(ends[0]);
    waitpid(pid, nullptr, 0);
    return {text.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
}

class Files : public ::testing::Test {
protected:
    testing::TemporaryDirectory folder;
    [[nodiscard]] fs::path at(const std::string& name) const { return folder.path() / name; }
    // The folder made passable for others, as tests that drop their rights need it.
    void open_to_all() const { fs::permissions(folder.path(), fs::perms{0755}); }
};

TEST_F(Files, AreReadUpToTheirLimitAndNotAByteBeyond) {
    folder.write("ten", "0123456789");
    EXPECT_EQ(read_file(at("ten"), 10).value(), "0123456789");
    EXPECT_EQ(read_file(at("ten"), 9).error().code(), Errc::malformed);
}

TEST_F(Files, ThatDoNotExistAreNotFound) { EXPECT_EQ(read_file(at("none"), 9).error().code(), Errc::not_found); }

TEST_F(Files, AreReadThroughTheKernelsInterfaceToo) {
    EXPECT_THAT(read_file("/proc/self/status", 100'000).value(), HasSubstr("Name:"));
}

TEST_F(Files, ThatAreFifosDoNotBlock) {
    ASSERT_EQ(mkfifo(at("fifo").c_str(), 0600), 0);
    EXPECT_EQ(read_file(at("fifo"), 9).error().code(), Errc::malformed);
    EXPECT_EQ(inspect_file(at("fifo")).value()->kind, FileKind::other);
}

TEST_F(Files, AreInspectedWithKindModeOwnerAndDigest) {
    folder.write("abc", "abc");
    ASSERT_EQ(chmod(at("abc").c_str(), 04750), 0);
    const auto facts = inspect_file(at("abc")).value().value();
    EXPECT_EQ(facts.kind, FileKind::regular);
    EXPECT_EQ(facts.mode, 04750U);
    EXPECT_EQ(facts.uid, geteuid());
    EXPECT_EQ(facts.size, 3U);
    EXPECT_EQ(facts.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(Files, ThatAreMissingAreNoErrorToInspect) {
    EXPECT_FALSE(inspect_file(at("none")).value());
    folder.write("plain", "");
    EXPECT_FALSE(inspect_file(at("plain/below")).value());
}

TEST_F(Files, ThatAreLinksAreNotFollowedToInspect) {
    fs::create_symlink("/etc/passwd", at("link"));
    const auto facts = inspect_file(at("link")).value().value();
    EXPECT_EQ(facts.kind, FileKind::symbolic_link);
    EXPECT_EQ(facts.sha256, "");
}

TEST_F(Files, ThatMayNotBeReadNameTheMissingRight) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to make a file that another user may not read";
    open_to_all();
    folder.write("secret", "x");
    ASSERT_EQ(chmod(at("secret").c_str(), 0600), 0);
    const auto told = as_nobody([this] { return read_file(at("secret"), 9).error().message(); });
    EXPECT_EQ(told, "needs read permission on " + at("secret").native() + " (run as root)");
    EXPECT_EQ(as_nobody([this] { return inspect_file(at("secret")).error().message(); }), told);
    EXPECT_EQ(as_nobody([this] { return inspect_file(at("secret"), Content::left_alone).value()->owner; }), "root");
}

TEST_F(Files, BehindAClosedFolderNameTheFolder) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to make a folder that another user may not enter";
    open_to_all();
    folder.write("closed/file", "x");
    fs::permissions(at("closed"), fs::perms{0700});
    EXPECT_EQ(as_nobody([this] { return inspect_file(at("closed/file")).error().message(); }),
              "needs search permission on " + at("closed").native() + " (run as root)");
}

TEST_F(Files, AreReplacedWithModeAndOwner) {
    folder.write("conf", "old");
    FileAttributes attributes;
    attributes.mode = 0640;
    ASSERT_TRUE(replace_file(at("conf"), "new", attributes).has_value());
    EXPECT_EQ(content_of(at("conf")), "new");
    EXPECT_EQ(inspect_file(at("conf")).value()->mode, 0640U);
    EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"conf"});
}

TEST_F(Files, KeepTheirOwnerUnlessToldOtherwise) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to give files away";
    folder.write("conf", "old");
    ASSERT_EQ(chown(at("conf").c_str(), 12, 34), 0);
    FileAttributes attributes;
    attributes.mode = 04755;
    ASSERT_TRUE(replace_file(at("conf"), "new", attributes).has_value());
    const auto kept = inspect_file(at("conf")).value().value();
    EXPECT_EQ(kept.uid, 12U);
    EXPECT_EQ(kept.gid, 34U);
    EXPECT_EQ(kept.mode, 04755U) << "the set-id bits survive the change of owner";
    attributes.uid = 56;
    ASSERT_TRUE(replace_file(at("conf"), "new", attributes).has_value());
    EXPECT_EQ(inspect_file(at("conf")).value()->uid, 56U);
}

TEST_F(Files, AreNotReplacedThroughALinkAndTheLinkStays) {
    folder.write("real", "untouched");
    fs::create_symlink(at("real"), at("link"));
    const auto refused = replace_file(at("link"), "new", {});
    EXPECT_EQ(refused.error().code(), Errc::refused);
    EXPECT_EQ(content_of(at("real")), "untouched");
    EXPECT_TRUE(fs::is_symlink(at("link")));
}

TEST_F(Files, AreNotReplacedBelowALinkThatOthersMayChange) {
    folder.write("real/conf", "untouched");
    fs::permissions(folder.path(), fs::perms{0777});
    fs::create_directory_symlink(at("real"), at("by_link"));
    const auto refused = replace_file(at("by_link/conf"), "new", {});
    EXPECT_EQ(refused.error().code(), Errc::refused);
    EXPECT_THAT(refused.error().message(), HasSubstr(at("by_link").native() + " is a link"));
    EXPECT_EQ(content_of(at("real/conf")), "untouched");
    EXPECT_EQ(remove_file(at("by_link/conf")).error().code(), Errc::refused);
    EXPECT_EQ(make_directory(at("by_link/new"), 0755).error().code(), Errc::refused);
    EXPECT_EQ(names_in(at("real")), std::vector<std::string>{"conf"});
}

TEST_F(Files, AreReplacedBelowALinkThatBelongsToTheSystem) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to make a link as the system has them";
    folder.write("real/deep/conf", "old");
    fs::create_directory_symlink("real/../real", at("by_link"));
    ASSERT_TRUE(replace_file(at("by_link/deep/conf"), "new", {}).has_value());
    EXPECT_EQ(content_of(at("real/deep/conf")), "new");
}

TEST_F(Files, ALoopOfLinksEndsWithAnError) {
    fs::create_symlink("b", at("a"));
    fs::create_symlink("a", at("b"));
    EXPECT_TRUE(replace_file(at("a/file"), "new", {}).has_error());
}

TEST_F(Files, AFolderIsNotReplacedOrRemoved) {
    fs::create_directory(at("folder"));
    EXPECT_EQ(replace_file(at("folder"), "x", {}).error().code(), Errc::refused);
    EXPECT_EQ(remove_file(at("folder")).error().code(), Errc::refused);
    EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"folder"});
}

TEST_F(Files, WhatCannotBeFinishedLeavesTheOldFileAndNothingElse) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to drop rights";
    fs::create_directory(at("theirs"));
    fs::permissions(at("theirs"), fs::perms{0777});
    open_to_all();
    folder.write("theirs/conf", "old");
    fs::permissions(at("theirs/conf"), fs::perms{0644});
    FileAttributes to_root;
    to_root.uid = 0;
    const auto told = as_nobody([&] { return replace_file(at("theirs/conf"), "new", to_root).error().message(); });
    EXPECT_THAT(told, HasSubstr("run as root"));
    EXPECT_EQ(content_of(at("theirs/conf")), "old");
    EXPECT_EQ(names_in(at("theirs")), std::vector<std::string>{"conf"});
}

TEST_F(Files, AReaderSeesTheOldOrTheNewContentAndNeverAPart) {
    const std::string one(200'000, '1');
    const std::string two(200'000, '2');
    folder.write("conf", one);
    std::atomic<bool> done{false};
    std::jthread writer{[&] {
        for (int i = 0; i < 8; ++i) static_cast<void>(replace_file(at("conf"), i % 2 == 0 ? two : one, {}));
        done = true;
    }};
    while (!done) {
        const auto seen = content_of(at("conf"));
        ASSERT_TRUE(seen == one || seen == two);
    }
    EXPECT_EQ(content_of(at("conf")), one);
}

TEST_F(Files, AreRemovedOnceAndMissingOnesAreNoError) {
    folder.write("conf", "x");
    EXPECT_TRUE(remove_file(at("conf")).has_value());
    EXPECT_TRUE(remove_file(at("conf")).has_value());
    EXPECT_TRUE(remove_file(at("no/such/folder/conf")).has_value());
    EXPECT_TRUE(names_in(folder.path()).empty());
}

TEST_F(Files, FoldersAreMadeWithTheirParentsAndExactMode) {
    const auto before = umask(0077);
    ASSERT_TRUE(make_directory(at("a/b/c"), 0755).has_value());
    umask(before);
    EXPECT_EQ(inspect_file(at("a")).value()->mode, 0755U);
    EXPECT_EQ(inspect_file(at("a/b/c")).value()->mode, 0755U);
    EXPECT_TRUE(make_directory(at("a/b/c"), 0700).has_value()) << "one that is there is no error";
    EXPECT_EQ(inspect_file(at("a/b/c")).value()->mode, 0755U) << "and stays as it was";
}

TEST_F(Files, APathThatNamesNoFileIsRefused) {
    for (const char* path : {"/", "", "/tmp/", "/tmp/.."})
        EXPECT_EQ(replace_file(path, "x", {}).error().code(), Errc::malformed) << path;
}

TEST(Accounts, AreKnownByNameOrNumber) {
    EXPECT_EQ(user_id("root").value(), 0U);
    EXPECT_EQ(user_id("1234").value(), 1234U);
    EXPECT_EQ(group_id("root").value(), 0U);
    EXPECT_EQ(user_id("no-such-user").error().code(), Errc::not_found);
    EXPECT_EQ(group_id("").error().code(), Errc::not_found);
    EXPECT_EQ(user_id("4294967295").error().code(), Errc::not_found) << "that number means: leave it as it is";
}

}  // namespace
}  // namespace agent
