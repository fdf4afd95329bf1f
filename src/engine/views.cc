#include "engine/views.h"

#include <algorithm>

namespace porchlight::engine {

const member_list* acceptances::observers_of(user_key subject) const {
    const auto found = by_subject_.find(subject.value);
    return found == by_subject_.end() ? nullptr : &found->second;
}

std::span<const user_key> acceptances::subjects_of(user_key observer) const {
    const auto found = by_observer_.find(observer.value);
    return found == by_observer_.end() ? std::span<const user_key>{} : found->second;
}

std::optional<std::uint64_t> acceptances::since(user_key observer, user_key subject) const {
    const member_list* list = observers_of(subject);
    if (list == nullptr) {
        return std::nullopt;
    }
    const std::size_t i = list->find(observer);
    return i == list->members.size() ? std::nullopt : std::optional{list->since[i]};
}

bool acceptances::add(user_key observer, user_key subject, std::uint64_t position, bool is_live) {
    if (!by_subject_[subject.value].insert(observer, position, is_live)) {
        return false;
    }
    std::vector<user_key>& subjects = by_observer_[observer.value];
    subjects.insert(std::ranges::lower_bound(subjects, subject), subject);
    return true;
}

bool acceptances::remove(user_key observer, user_key subject) {
    const auto list = by_subject_.find(subject.value);
    if (list == by_subject_.end() || !list->second.erase(observer)) {
        return false;
    }
    if (list->second.members.empty()) {
        by_subject_.erase(list);
    }
    const auto subjects = by_observer_.find(observer.value);
    subjects->second.erase(std::ranges::lower_bound(subjects->second, subject));
    if (subjects->second.empty()) {
        by_observer_.erase(subjects);
    }
    return true;
}

void acceptances::set_live(user_key observer, bool on) {
    for (const user_key subject : subjects_of(observer)) {
        member_list& list = by_subject_.find(subject.value)->second;
        list.live.set(list.find(observer), on);
    }
}

void acceptances::shrink() {
    for (auto& [subject, list] : by_subject_) {
        list.shrink();
    }
    for (auto& [observer, subjects] : by_observer_) {
        subjects.shrink_to_fit();
    }
}

std::span<const blocks::block> blocks::of(user_key observer) const {
    const auto found = by_observer_.find(observer.value);
    return found == by_observer_.end() ? std::span<const block>{} : found->second;
}

const blocks::block* blocks::find(user_key observer, user_key subject) const {
    const auto all = of(observer);
    const auto at = std::ranges::lower_bound(all, subject, {}, &block::subject);
    return at == all.end() || at->subject != subject ? nullptr : &*at;
}

bool blocks::add(user_key observer, block b) {
    std::vector<block>& all = by_observer_[observer.value];
    const auto at = std::ranges::lower_bound(all, b.subject, {}, &block::subject);
    if (at != all.end() && at->subject == b.subject) {
        return false;
    }
    all.insert(at, std::move(b));
    return true;
}

void blocks::shown_since(user_key observer, user_key subject, std::uint64_t position) {
    const auto found = by_observer_.find(observer.value);
    if (found == by_observer_.end()) {
        return;
    }
    const auto at = std::ranges::lower_bound(found->second, subject, {}, &block::subject);
    if (at != found->second.end() && at->subject == subject) {
        at->position = position;
    }
}

bool blocks::remove(user_key observer, user_key subject) {
    const auto found = by_observer_.find(observer.value);
    if (found == by_observer_.end()) {
        return false;
    }
    std::vector<block>& all = found->second;
    const auto at = std::ranges::lower_bound(all, subject, {}, &block::subject);
    if (at == all.end() || at->subject != subject) {
        return false;
    }
    all.erase(at);
    if (all.empty()) {
        by_observer_.erase(found);
    }
    return true;
}

}  // namespace porchlight::engine
