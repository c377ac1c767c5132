// The one translation unit that holds Boost.Asio's TLS, Boost.Beast and Boost.URL.
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
#include <boost/url/src.hpp>
