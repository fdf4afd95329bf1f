# Flags live here and nowhere else. A folder of src/ is one component library; a test is one executable.

add_library(porchlight_flags INTERFACE)
target_include_directories(porchlight_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_options(porchlight_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
    -Wno-sign-conversion -fno-omit-frame-pointer)
target_compile_definitions(porchlight_flags INTERFACE BOOST_ASIO_SEPARATE_COMPILATION
    BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(porchlight_flags INTERFACE Threads::Threads Boost::headers)
if(PORCHLIGHT_SANITIZE)
    target_compile_options(porchlight_flags INTERFACE -fsanitize=${PORCHLIGHT_SANITIZE} -g1)
    target_link_options(porchlight_flags INTERFACE -fsanitize=${PORCHLIGHT_SANITIZE})
endif()
if(PORCHLIGHT_FUZZ)
    # The fuzzer learns from the coverage of what it calls.
    target_compile_options(porchlight_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
    target_link_options(porchlight_flags INTERFACE -fuse-ld=mold)
endif()

# porchlight_component(name [USES components and libraries...])
# The library porchlight_<name> of every .cc below src/<name>.
function(porchlight_component name)
    cmake_parse_arguments(arg "" "" "USES" ${ARGN})
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cc)
    list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
    if(sources)
        add_library(porchlight_${name} STATIC ${sources})
        target_link_libraries(porchlight_${name} PUBLIC porchlight_flags ${arg_USES})
    else()
        add_library(porchlight_${name} INTERFACE)
        target_link_libraries(porchlight_${name} INTERFACE porchlight_flags ${arg_USES})
    endif()
endfunction()

# porchlight_test(name SOURCES files... [USES libraries...])
# One GoogleTest executable, registered with CTest under its name.
function(porchlight_test name)
    cmake_parse_arguments(arg "" "" "SOURCES;USES" ${ARGN})
    add_executable(${name} ${arg_SOURCES})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    target_link_libraries(${name} PRIVATE porchlight_flags ${arg_USES} GTest::gtest GTest::gmock
        GTest::gtest_main)
    target_compile_definitions(${name} PRIVATE
        PORCHLIGHT_TESTS_DIR="${PROJECT_SOURCE_DIR}/tests")
    add_test(NAME ${name} COMMAND ${name})
    add_dependencies(porchlight_tests ${name})
endfunction()
