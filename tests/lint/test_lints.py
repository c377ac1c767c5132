"""The lints' own test: each bad example is found, each good one is not."""
import unittest

import coroutines
import rules

BAD_AWAITS = {
    "an aggregate temporary": "Task<> f() { co_await send(Message{.text = name}); }",
    "an array temporary": 'Task<> f() { co_await send(std::array<std::string, 2>{"a", "b"}); }',
    "an aggregate around it": "Task<> f() { Message m{.text = co_await receive()}; }",
    "a conditional that awaits": "Task<> f() { auto s = b ? co_await receive() : std::string(); }",
    "a conditional argument": "Task<> f() { co_await send(b ? one : two); }",
    "a lambda with a copy": "Task<> f() { co_await send([s = name] { return s; }); }",
    "a lambda with a plain copy": "Task<> f() { co_await send([name] { return name; }); }",
    "a lambda that copies all": "Task<> f() { co_await send([=] { return name; }); }",
    "a lambda with *this": "Task<> f() { co_await send([*this] { return name; }); }",
    "a braced list": 'Task<> f() { co_await send({"a", "b"}); }',
    "a braced list with it": 'Task<> f() { std::vector<std::string> v{co_await receive(), "x"}; }',
    "one inside a lambda": "void g() { start([&]() -> Task<> { co_await send(Message{name}); }); }",
    "one in a condition": "Task<> f() { if (co_await send(Message{name})) { g(); } }",
    "one in a macro": "Task<> f() { AGENT_TRY(auto x, co_await send(Message{name})); }",
    "one after a block": "Task<> f() { { g(); } co_await send(Message{name}); }",
    "one in a member function": "struct A { Task<> f() override { co_await send(Message{name}); } };",
    "one after an initialiser list": "struct A { A() : b_{1}, c_{2} { } Task<> f() { co_await send(b ? c : d); } };",
    "a coroutine lambda called at once": "void g() { spawn([s]() -> awaitable<void> { co_return; }()); }",
}

GOOD_AWAITS = {
    "named values": "Task<> f() { Message m{.text = name}; co_await send(std::move(m)); }",
    "a named choice": "Task<> f() { const auto& chosen = b ? one : two; co_await send(chosen); }",
    "a named lambda": "Task<> f() { auto fn = [s = name] { return s; }; co_await send(std::move(fn)); }",
    "a lambda by reference": "Task<> f() { co_await send([&] { return name; }); }",
    "a lambda with this": "Task<> f() { co_await send([this, &x] { return name_; }); }",
    "constructor calls": 'Task<> f() { co_await send(std::string("x"), Own(1)); }',
    "empty braces": "Task<> f() { co_await send(std::string{}); }",
    "braces in the body only": "Task<> f() { while (co_await next()) { Message m{name}; g(m); } }",
    "a choice in the body only": "Task<> f() { if (co_await next()) x = b ? 1 : 2; }",
    "the next statement": "Task<> f() { co_await next(); Message m{name}; }",
    "braces in a lambda's body": "Task<> f() { co_await run([&] { return Message{name}; }); }",
    "a duration": "Task<> f() { co_await pause(std::chrono::seconds{1}); }",
    "an allowed one": "Task<> f() { co_await send(Point{1}); }  // await-ok: two integers, nothing to destroy",
    "a comment": "// co_await send(Message{name});\n/* b ? co_await c : d */",
    "a string": 'const char* s = "co_await f(b ? c : d)";',
    "a raw string": 'const char* s = R"(co_await f(Message{name});)";',
    "structured bindings": "Task<> f() { auto [a, b] = co_await pair(); g(a ? b : a); }",
    "an attribute": "struct A { [[nodiscard]] Task<> f() const { co_return co_await g(); } };",
    "a subscript": "Task<> f() { co_await send(list[index]); }",
    "an initialiser list": "struct A { A() : b_{1} { } Task<> f() { co_await g(); } };",
    "a coroutine lambda with no captures": "void g() { spawn([]() -> awaitable<void> { co_return; }()); }",
    "a coroutine lambda handed over": "void g() { loops.start([this]() -> Task<> { co_await run(); }); }",
    "a switch": "Task<> f() { switch (co_await kind()) { case Kind::a: { Message m{1}; break; } } }",
}

BAD_TEXT = {
    "a shell": ("agent/host/x.cpp", "int f() { return std::system(\"ls\"); }"),
    "popen": ("agent/host/x.cpp", "auto* p = popen(name, \"r\");"),
    "a sleep": ("tests/host/x.cpp", "std::this_thread::sleep_for(1s);"),
    "a detached coroutine": ("agent/daemon/x.cpp", "asio::co_spawn(ex, f(), asio::detached);"),
    "a clock in logic": ("agent/orders/x.cpp", "auto t = std::chrono::system_clock::now();"),
    "using namespace in a header": ("agent/orders/x.hpp", "#pragma once\nusing namespace std;\n"),
    "a header without pragma once": ("agent/orders/x.hpp", "struct A {};\n"),
    "a test seam": ("agent/orders/x.hpp", "#pragma once\nFRIEND_TEST(A, B);\n"),
    "unfinished work": ("agent/orders/x.cpp", "// TO" + "DO: later\n"),
    "a heavy include in a header": ("agent/courier/x.hpp", "#pragma once\n#include <boost/beast.hpp>\n"),
    "a file too long": ("agent/orders/x.cpp", "int a;\n" * 401),
    "a machine's path": ("config/agent.yaml", "state_dir: /ro" + "ot/x\n"),
    "white space at an end": ("config/agent.yaml", "a: b \n"),
    "a hollow skip": ("tests/host/x.cpp", "GTEST_SKIP();"),
}

GOOD_TEXT = {
    "a comment about a shell": ("agent/host/x.cpp", "// unlike system() this takes argv\n"),
    "a string about one": ("agent/host/x.cpp", 'auto text = "system(";\n'),
    "a name that ends in it": ("agent/host/x.cpp", "file_system(path); own.detached_state();\n"),
    "the time source": ("agent/async/system_time_source.cpp", "auto t = std::chrono::system_clock::now();\n"),
    "a file of 400 lines": ("agent/orders/x.cpp", "int a;\n" * 400),
    "an allowed pause": ("tests/host/x.cpp", "std::this_thread::sleep_for(1ms);  // lint-ok: between looks, with a bound\n"),
    "a skip that says why": ("tests/host/x.cpp", 'GTEST_SKIP() << "needs root";\n'),
}


class Coroutines(unittest.TestCase):
    def test_finds_each_bad_form(self):
        for name, source in BAD_AWAITS.items():
            with self.subTest(name):
                self.assertTrue(coroutines.check(source))

    def test_leaves_each_good_form_alone(self):
        for name, source in GOOD_AWAITS.items():
            with self.subTest(name):
                self.assertEqual(coroutines.check(source), [])

    def test_names_the_line(self):
        self.assertEqual([line for line, _ in coroutines.check("Task<> f() {\n\n  co_await send(b ? c : d);\n}\n")], [3])


class Rules(unittest.TestCase):
    def test_finds_each_bad_text(self):
        for name, (path, source) in BAD_TEXT.items():
            with self.subTest(name):
                self.assertTrue(rules.check(path, source))

    def test_leaves_each_good_text_alone(self):
        for name, (path, source) in GOOD_TEXT.items():
            with self.subTest(name):
                self.assertEqual(rules.check(path, source), [])


if __name__ == "__main__":
    unittest.main()
