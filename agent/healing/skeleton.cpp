#include "healing/skeleton.hpp"

#include <algorithm>

#include "model/order.hpp"

namespace agent {
namespace {

constexpr std::string_view behind_the_id =
    R"yaml(# What it is called, and what it changes, for whoever approves its order.
name: Say what it does in a few words
description: Say what it changes on the host, and why.

# The check of your baseline that proves the repair. If it does not pass afterwards, everything is undone. Without it,
# done means that all steps were done.
#repairs: login-banner

# Of the evidence, where the check does not grade by itself: low, medium, high, critical.
severity: medium

# true: only inside the maintenance window. false: at any time.
disruptive: true

# Checks that must be fine before anything is done, and further ones that must be fine afterwards.
#preconditions: [time_sync]
#verify: [logging_continuity]

# Tighter than the agent's own.
#limits: {cooldown: 1h, max_per_day: 2}

# What may cut this host off wants `confirm: {within: 5m}`: unless the order server is reached by then, everything is
# undone, also by a dead agent. Each step that changes the host must have an undo then, or be taken back by `rollback`.

# What it serves.
#controls: {hipaa: ["164.312(b)"], nist_800_53: [CM-6]}

# What its order may choose, as {{ params.NAME }} in path, unit and argv. Allow as little as you can. A drift starts
# only what needs no parameters: give each a default. Values may also come from the baseline, {{ baseline.KEY }}, and from
# what an earlier command.run printed, {{ steps.N.output }}.
#params:
#  unit:
#    type: string
#    description: The service to restart.
#    enum: [ssh.service, cron.service]
#    default: ssh.service
#  days:
#    type: integer
#    description: How old a report must be.
#    default: 30
#    minimum: 1
#    maximum: 365

# Carried out in this order, up to the first that fails; then what has an undo is put back, the last one first, and the
# steps under `rollback` follow.
steps:
  # Looks and changes nothing: put your own steps in its place.
  - action: check.run
    checks: all

# A file with this content, mode and owner. Undo: the former file.
#  - action: file.install
#    path: /etc/issue.net
#    mode: "0644"
#    owner: root
#    group: root
#    content: |
#      Authorised use only.

# Restarts a unit of systemd and looks whether it is active. No undo: see `rollback` below.
#  - action: unit.restart
#    unit: "{{ params.unit }}"
#    timeout: 90s

# Waits until a check is fine.
#  - action: wait.until
#    check: login-banner
#    timeout: 60s

# A program with fixed arguments; there is no shell. No undo: put it last.
#  - action: command.run
#    argv: [/usr/bin/find, /var/spool/reports, -mtime, "+{{ params.days }}", -delete]
#    timeout: 2m
#    expect_status: [0]

# Behind the undos, where something was changed: what they cannot know of. Only unit.restart and command.run; they may
# come twice.
#rollback:
#  - action: unit.restart
#    unit: "{{ params.unit }}"

# Then: compliance-agent config check; compliance-agent heal ID --dry-run
)yaml";

bool ends_in_a_number(std::string_view id) {
    constexpr std::size_t length = 4;  // "-001"
    if (id.size() < length) return false;
    const auto end = id.substr(id.size() - length);
    return end[0] == '-' && std::all_of(end.begin() + 1, end.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<RunbookId> runbook_id_of(std::string_view name) {
    std::string id{name};
    for (auto& c : id)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (id.empty()) return std::nullopt;
    if (!id.starts_with("RB-")) id.insert(0, "RB-");
    if (!ends_in_a_number(id)) id += "-001";
    if (!is_runbook_id(id)) return std::nullopt;
    return RunbookId{std::move(id)};
}

std::string runbook_skeleton(const RunbookId& id) {
    std::string text =
        "# A runbook; every key: runbooks/README.md. Lines that begin with # and no space are examples.\nid: ";
    text += id.str();
    text += "\n\n";
    text += behind_the_id;
    return text;
}

}  // namespace agent
