// The one place where the compiled parts of Asio and Beast are built (both are configured for
// separate compilation for the whole tree).
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
