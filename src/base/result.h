#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace porchlight::base {

// An expected failure is a value: result<T> holds a T or the error code of the folder's enum.
template <class T, class E = boost::system::error_code>
using result = boost::system::result<T, E>;

}  // namespace porchlight::base
